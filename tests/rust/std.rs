// SPDX-License-Identifier: MIT OR Apache-2.0
// A program of std with Emma for its allocator: eight threads make maps, the main thread reads and frees them.
use std::{collections::HashMap, thread};

#[global_allocator]
static ALLOCATOR: emma::Emma = emma::Emma;

fn main() {
    let before = emma::live();
    for _ in 0..3 {
        let threads: Vec<_> = (0..8u32)
            .map(|number| {
                thread::spawn(move || {
                    let map: HashMap<u32, String> = (0..20_000).map(|i| (i, format!("{number} {i}"))).collect();
                    emma::detach_thread();
                    map
                })
            })
            .collect();
        for (number, thread) in threads.into_iter().enumerate() {
            let map = thread.join().unwrap();
            assert_eq!(map[&77], format!("{number} 77"));
            assert!(emma::owns(map[&77].as_str()));
        }
    }
    assert_eq!(emma::check(), 0);
    let after = emma::live();
    assert!(after.0 < before.0 + 10, "{before:?} {after:?}");
    assert!(emma::trim() > 0);
    println!("well");
}
