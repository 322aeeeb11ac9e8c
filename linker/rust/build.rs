// SPDX-License-Identifier: MIT OR Apache-2.0
// Finds or builds Emma's archives, and says how a program is linked with them. The archives are, in this order:
//   1. those in the folder that the environment's EMMA names, a build or an installation;
//   2. built by make from the sources that this crate lies in, into cargo's folder;
//   3. those of an installation that pkg-config knows.
// With `std` cargo is told to link the archive. Without a libc the program's link has to be another one, and
// only the program's own build script may change that: it finds the arguments in DEP_EMMA_LINK.
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
}

fn fail(text: &str) -> ! {
    eprintln!("emma: {text}");
    std::process::exit(1)
}

/// Make takes no folder with a space in its name: another name of it then.
fn plain_name(folder: &Path) -> PathBuf {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_./+~@-".contains(character);
    if folder.to_str().map_or(false, |text| text.chars().all(is_plain)) {
        return folder.into();
    }
    let link = env::temp_dir().join(format!("emma-rust-{}", std::process::id()));
    std::os::unix::fs::symlink(folder, &link).unwrap_or_else(|error| fail(&format!("{}: {error}", link.display())));
    link
}

/// Builds from the sources around this crate.
fn build(sources: &Path) -> PathBuf {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap()).join("emma");
    fs::create_dir_all(&out).unwrap();
    let name = plain_name(&out);
    let mut set = Vec::new();
    let mut make = Command::new("make");
    make.arg("-C").arg(sources).arg(format!("BUILD={}", name.display())).args(["WERROR=0", "--silent"]);
    // The jobs of whoever runs cargo are not make's, nor are options of other projects.
    for variable in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARCH", "PORT", "TLS", "CHECKS", "DEBUG", "FOR", "V", "CXXFLAGS", "CPPFLAGS"] {
        make.env_remove(variable);
    }
    // With another compiler the folder would have another name.
    make.args(["CC=gcc", "CXX=g++"]);
    if feature("CHECKS") {
        make.arg("CHECKS=1");
        set.push("checks");
    }
    if feature("SPEED") {
        make.arg("FOR=speed");
        set.push("speed");
    }
    let done = make.arg("all").status();
    if name != out {
        let _ = fs::remove_file(&name);
    }
    if !done.map_or(false, |status| status.success()) {
        fail(&format!("make in {} failed; it needs make, g++ and binutils (or set EMMA to an installation)", sources.display()));
    }
    for folder in ["arch", "core", "crt", "linker", "Makefile"] {
        println!("cargo:rerun-if-changed={}", sources.join(folder).display());
    }
    out.join(set.join("-"))
}

fn installed() -> Option<PathBuf> {
    let asked = Command::new("pkg-config").args(["--variable=prefix", "emma"]).output().ok()?;
    let prefix = String::from_utf8(asked.stdout).ok()?;
    (asked.status.success() && !prefix.trim().is_empty()).then(|| prefix.trim().into())
}

fn main() {
    println!("cargo:rerun-if-env-changed=EMMA");
    println!("cargo:rerun-if-changed=build.rs");
    let target = env::var("TARGET").unwrap();
    if !target.starts_with("x86_64-") || !target.contains("linux") {
        fail(&format!("built for Linux on x86-64 only, not for {target}"));
    }
    if feature("STD") && feature("NO_STD") {
        fail("the features std and no_std exclude each other: cargo add --no-default-features --features no_std");
    }
    let sources = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../..");
    let root = if let Some(root) = env::var_os("EMMA") {
        root.into()
    } else if sources.join("core/emma.cpp").exists() {
        build(&sources.canonicalize().unwrap())
    } else {
        installed().unwrap_or_else(|| fail("no sources around this crate, and pkg-config knows no emma: set EMMA to the folder of an installation"))
    };
    let find = |places: &[&str]| {
        let found = places.iter().map(|place| root.join(place)).find(|path| path.exists());
        let found = found.unwrap_or_else(|| fail(&format!("{}: no {}", root.display(), places[0])));
        println!("cargo:rerun-if-changed={}", found.display());
        found.display().to_string()
    };

    if feature("NO_STD") {
        let arguments = [
            "-nostdlib", "-nostartfiles", "-static-pie", "-Wl,--gc-sections", "-Wl,-z,nostart-stop-gc",
            "-T", &find(&["lib/emma/static-pie.ld", "lib/static-pie.ld"]),
            "-Wl,--start-group", &find(&["lib/libemma.a", "libemma.a"]), &find(&["lib/libemma_crt.a", "libemma_crt.a"]), "-Wl,--end-group",
        ];
        println!("cargo:link={}", arguments.join(";"));
    } else {
        let archive = PathBuf::from(find(&["lib/libemma_beside.a", "libemma_beside.a"]));
        println!("cargo:rustc-link-search=native={}", archive.parent().unwrap().display());
        println!("cargo:rustc-link-lib=static=emma_beside");
        println!("cargo:link=");
    }

    // Up to Rust 1.67 a program without std needs a function for exhausted memory, by an unstable feature.
    let version = Command::new(env::var_os("RUSTC").unwrap()).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    match minor {
        Some(0..=67) if feature("NO_STD") => {
            if env::var_os("RUSTC_BOOTSTRAP").is_none() {
                fail("Rust up to 1.67 needs RUSTC_BOOTSTRAP=1 in the environment for programs without std");
            }
            println!("cargo:rustc-cfg=needs_alloc_error_handler");
        }
        Some(0..=79) => (),
        _ => println!("cargo:rustc-check-cfg=cfg(needs_alloc_error_handler)"),
    }
}
