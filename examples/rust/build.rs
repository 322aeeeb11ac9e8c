// SPDX-License-Identifier: MIT OR Apache-2.0
// The program's link is another one without a libc: the crate of Emma says which. See linker/rust/README.md.
fn main() {
    for argument in std::env::var("DEP_EMMA_LINK").unwrap().split(';') {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}
