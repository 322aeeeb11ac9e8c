// SPDX-License-Identifier: MIT OR Apache-2.0
// wordindex: which words stand on which lines of a text, in Rust without std and without a libc: a static
// program that starts by libemma_crt.a and whose `alloc::` is Emma.
//
// The lesson: a crate of `#![no_std]` needs no more than a GlobalAlloc (src/emma.rs) to use String, Vec,
// BTreeMap, Box and Arc, from several threads: each indexes a part of the lines, the parts are merged.
#![no_std]
#![no_main]
#![cfg_attr(needs_alloc_error_handler, feature(alloc_error_handler))]

extern crate alloc;

mod emma;

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
    let mut bytes = text.as_bytes();
    while !bytes.is_empty() {
        let written = emma::write(1, bytes);
        if written <= 0 {
            emma::exit(1); // nobody listens
        }
        bytes = &bytes[written as usize..];
    }
}

fn read_file(path: &[u8]) -> Result<Vec<u8>, i32> {
    let file = emma::open_for_reading(path);
    if file < 0 {
        return Err(-file);
    }
    let mut text = Vec::new();
    loop {
        let known = text.len();
        text.resize(known + 64 * 1024, 0); // grows in place where it can
        let count = emma::read(file, &mut text[known..]);
        if count < 0 {
            return Err(-count as i32);
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

/// Paths end with a 0.
fn run(paths: &[&[u8]]) -> Result<(), String> {
    for path in paths {
        let name = String::from_utf8_lossy(&path[..path.len() - 1]);
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
            for (word, mut places) in thread.ok_or("no thread")?.join() {
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

/// A string of C's, the 0 at its end included.
unsafe fn with_its_end(text: *const u8) -> &'static [u8] {
    let mut length = 0;
    while *text.add(length) != 0 {
        length += 1;
    }
    core::slice::from_raw_parts(text, length + 1)
}

#[no_mangle]
extern "C" fn main(count: i32, arguments: *const *const u8) -> i32 {
    let before = emma::live();
    let outcome = {
        let arguments = unsafe { core::slice::from_raw_parts(arguments, count as usize) };
        let paths: Vec<&[u8]> = arguments[1..].iter().map(|text| unsafe { with_its_end(*text) }).collect();
        if paths.is_empty() {
            Err("usage: wordindex FILE...".to_string())
        } else {
            run(&paths)
        }
    };
    if let Err(message) = outcome {
        emma::write(2, format!("wordindex: {message}\n").as_bytes());
        return 1;
    }
    // All that was allocated has gone back.
    let after = emma::live();
    if before != after || !emma::is_whole() {
        emma::write(2, format!("wordindex: {} objects left, {} bytes\n", after.0, after.1).as_bytes());
        return 1;
    }
    0
}

// ---- what std would bring along ----------------------------------------------------------------

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    emma::write(2, format!("wordindex: {info}\n").as_bytes());
    emma::exit(101)
}

#[cfg(needs_alloc_error_handler)]
#[alloc_error_handler]
fn out_of_memory(_: core::alloc::Layout) -> ! {
    emma::write(2, b"wordindex: out of memory\n");
    emma::exit(102)
}

// The core library that the compiler brings along is built for unwinding and names these two.
#[no_mangle]
extern "C" fn rust_eh_personality() {}
#[no_mangle]
extern "C" fn _Unwind_Resume() -> ! {
    emma::exit(103)
}
