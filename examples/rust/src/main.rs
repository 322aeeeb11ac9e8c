// SPDX-License-Identifier: MIT OR Apache-2.0
// wordindex: which words stand on which lines of a text, in Rust without std and without a libc: a static
// program that starts by libemma_crt.a and whose `alloc::` is Emma.
//
// The lesson: a crate of `#![no_std]` needs no more than the crate of linker/rust to use String, Vec, BTreeMap,
// Box and Arc, from several threads: each indexes a part of the lines, the parts are merged.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

#[global_allocator]
static ALLOCATOR: emma::Emma = emma::Emma;

const THREADS: usize = 4;

/// The numbers of the lines on which a word stands, once for each time it stands there.
type Index = BTreeMap<String, Vec<usize>>;

fn print(text: &str) {
    if !emma::write(1, text.as_bytes()) {
        emma::exit(1); // nobody listens
    }
}

fn read_file(path: &[u8]) -> Result<Vec<u8>, isize> {
    const READ: usize = 0;
    const OPEN: usize = 2;
    let path = [path, b"\0"].concat();
    let file = unsafe { emma::syscall(OPEN, [path.as_ptr() as usize, 0, 0, 0, 0, 0]) };
    if file < 0 {
        return Err(-file);
    }
    let mut text = Vec::new();
    loop {
        let known = text.len();
        text.resize(known + 64 * 1024, 0); // grows in place where it can
        let place = text[known..].as_mut_ptr() as usize;
        let count = unsafe { emma::syscall(READ, [file as usize, place, 64 * 1024, 0, 0, 0]) };
        if count < 0 {
            return Err(-count);
        }
        text.truncate(known + count as usize);
        if count == 0 {
            return Ok(text);
        }
    }
}

/// A word: letters A to Z in either case; all else separates words.
fn index_lines(lines: &[Box<[u8]>], part: usize) -> Index {
    let mut index = Index::new();
    for (number, line) in lines.iter().enumerate().skip(part).step_by(THREADS) {
        for word in line.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
            let word = core::str::from_utf8(word).unwrap().to_ascii_lowercase();
            index.entry(word).or_default().push(number + 1);
        }
    }
    index
}

fn index_files(paths: &[&[u8]]) -> Result<(), String> {
    for path in paths {
        let name = String::from_utf8_lossy(path);
        let text = read_file(path).map_err(|error| format!("{name}: error {error}"))?;
        let lines: Vec<Box<[u8]>> = text.split(|byte| *byte == b'\n').map(Box::from).collect();
        drop(text);
        let lines: Arc<[Box<[u8]>]> = Arc::from(lines);
        if lines.iter().any(|line| !line.is_empty() && !emma::owns(&**line)) {
            return Err("the lines are not in Emma's memory".to_string());
        }

        let threads: Vec<_> = (0..THREADS)
            .map(|part| {
                let lines = Arc::clone(&lines);
                emma::Thread::spawn(move || index_lines(&lines, part))
            })
            .collect();
        let mut index = Index::new();
        for thread in threads {
            // Made by a thread that has ended, freed by this one.
            for (word, mut places) in thread.map_err(|error| format!("no thread: error {error}"))?.join() {
                index.entry(word).or_default().append(&mut places);
            }
        }
        index.values_mut().for_each(|places| places.sort_unstable());

        let words: usize = index.values().map(Vec::len).sum();
        print(&format!("{}: {} words, {} different\n", name, words, index.len()));
        let mut by_count: Vec<_> = index.iter().collect();
        by_count.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
        for (word, places) in by_count.iter().take(10) {
            print(&format!("{:8} {:16} first on line {}\n", places.len(), word, places[0]));
        }
    }
    Ok(())
}

emma::main!(run);

fn run(arguments: emma::Arguments) -> i32 {
    let before = emma::live();
    let outcome = {
        let paths: Vec<&[u8]> = arguments.skip(1).collect();
        if paths.is_empty() {
            Err("usage: wordindex FILE...".to_string())
        } else {
            index_files(&paths)
        }
    };
    if let Err(message) = outcome {
        emma::write(2, format!("wordindex: {message}\n").as_bytes());
        return 1;
    }
    // All that was allocated has gone back.
    let after = emma::live();
    if before != after || emma::check() != 0 {
        emma::write(2, format!("wordindex: {} objects left, {} bytes\n", after.0, after.1).as_bytes());
        return 1;
    }
    0
}
