// SPDX-License-Identifier: MIT OR Apache-2.0
// A program without std or a libc over crates that Debian packages: four threads fill maps, the first one reads
// and frees them. With an argument it panics.
#![no_std]
#![no_main]
extern crate alloc;
use alloc::{string::String, vec::Vec};
use core::hash::{BuildHasherDefault, Hasher};
use hashbrown::HashMap;
use smallvec::SmallVec;

#[global_allocator]
static ALLOCATOR: emma::Emma = emma::Emma;

emma::main!(run);

#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100000001b3);
        }
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

fn run(arguments: emma::Arguments) -> i32 {
    let words: SmallVec<[&[u8]; 4]> = arguments.collect();
    let threads: Vec<_> = (0..4u64)
        .map(|thread| {
            emma::Thread::spawn(move || {
                let mut map = HashMap::<u64, String, BuildHasherDefault<Multiply>>::default();
                for i in 0..20000u64 {
                    map.insert(i, String::from(itoa::Buffer::new().format(i * thread)));
                }
                map
            })
            .unwrap()
        })
        .collect();
    let mut total = 0;
    for thread in threads {
        let map = thread.join();
        assert!(emma::owns(map[&5].as_str()));
        total += map.values().map(String::len).sum::<usize>();
    }
    assert_eq!(emma::check(), 0);
    let mut line = String::from(itoa::Buffer::new().format(total));
    line.push('\n');
    emma::write(1, line.as_bytes());
    let nothing: Vec<i32> = Vec::new();
    if words.len() == 2 {
        return nothing[words.len()];
    }
    0
}
