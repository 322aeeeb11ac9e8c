// SPDX-License-Identifier: MIT OR Apache-2.0
// Links the program as emma-cc does, with what `make` (or `make install`) has built: EMMA is the folder
// that has lib/emma or lib with the linker scripts, and the archives. Up to Rust 1.67 a program without std needs a
// function for exhausted memory, by a feature that is not stable: see the README of the examples.
use std::{env, path::PathBuf, process::Command};

fn main() {
    let root = PathBuf::from(env::var("EMMA").expect("EMMA: the folder with Emma's build or installation"));
    let find = |places: &[&str]| {
        let found = places.iter().map(|place| root.join(place)).find(|path| path.exists());
        found.unwrap_or_else(|| panic!("{}: no {}", root.display(), places[0])).display().to_string()
    };
    let script = find(&["lib/emma/static.ld", "lib/static.ld"]);
    let allocator = find(&["lib/libemma.a", "libemma.a"]);
    let start = find(&["lib/libemma_crt.a", "libemma_crt.a"]);
    for argument in [
        "-nostdlib", "-nostartfiles", "-static", "-Wl,--gc-sections",
        &format!("-Wl,-T,{script}"),
        "-Wl,--start-group", &allocator, &start, "-Wl,--end-group",
    ] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rerun-if-env-changed=EMMA");
    for archive in [&allocator, &start, &script] {
        println!("cargo:rerun-if-changed={archive}");
    }

    let version = Command::new(env::var("RUSTC").unwrap()).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    match minor {
        Some(0..=67) => println!("cargo:rustc-cfg=needs_alloc_error_handler"),
        Some(68..=79) => (),
        _ => println!("cargo:rustc-check-cfg=cfg(needs_alloc_error_handler)"),
    }
}
