// SPDX-License-Identifier: MIT OR Apache-2.0
//! Emma, an embeddable memory allocator, for Rust: `Emma` is an allocator for `#[global_allocator]`.
//!
//! ```ignore
//! #[global_allocator]
//! static ALLOCATOR: emma::Emma = emma::Emma;
//! ```
//!
//! With the feature `std` (the default) it serves a program of the standard library, whose libc keeps its own
//! `malloc`. With `no_std` the program is static and has neither std nor a libc: this crate then also brings its
//! start (`main!`), `exit`, raw system calls, threads, and what the compiler asks for (the panic handler).
#![no_std]
#![cfg_attr(needs_alloc_error_handler, feature(alloc_error_handler))]

#[cfg(feature = "no_std")]
extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;

#[cfg(feature = "no_std")]
mod program;
#[cfg(feature = "no_std")]
pub use program::{exit, syscall, write, Arguments, Thread};

// The functions of <emma.h>; int is C's on x86-64 (in core::ffi only since Rust 1.64).
extern "C" {
    fn emma_alloc(size: usize, alignment: usize) -> *mut c_void;
    fn emma_alloc_zeroed(size: usize, alignment: usize) -> *mut c_void;
    fn emma_resize(object: *mut c_void, old_size: usize, alignment: usize, new_size: usize) -> *mut c_void;
    fn emma_dealloc(object: *mut c_void, size: usize, alignment: usize);
    fn emma_walk(visit: extern "C" fn(*mut c_void, *mut c_void, usize) -> bool, context: *mut c_void) -> i32;
    fn emma_owns(object: *const c_void) -> bool;
    fn emma_check(write: *const c_void, context: *mut c_void) -> u32;
    fn emma_trim() -> usize;
    fn emma_reserve(bytes: usize) -> i32;
    fn emma_thread_detach();
}

/// The allocator. Rust knows size and alignment whenever it frees: each function is one call.
pub struct Emma;

unsafe impl GlobalAlloc for Emma {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        emma_alloc(layout.size(), layout.align()).cast()
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        emma_alloc_zeroed(layout.size(), layout.align()).cast()
    }
    unsafe fn realloc(&self, object: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        emma_resize(object.cast(), layout.size(), layout.align(), new_size).cast()
    }
    unsafe fn dealloc(&self, object: *mut u8, layout: Layout) {
        emma_dealloc(object.cast(), layout.size(), layout.align())
    }
}

/// How many objects are live, and their bytes.
pub fn live() -> (usize, usize) {
    extern "C" fn count(context: *mut c_void, _object: *mut c_void, bytes: usize) -> bool {
        let (objects, total) = unsafe { &mut *context.cast::<(usize, usize)>() };
        *objects += 1;
        *total += bytes;
        true
    }
    let mut sum = (0usize, 0usize);
    let context: *mut (usize, usize) = &mut sum;
    unsafe { emma_walk(count, context.cast()) };
    sum
}

/// Whether the value is the start of an object of Emma's.
pub fn owns<T: ?Sized>(object: &T) -> bool {
    unsafe { emma_owns((object as *const T).cast()) }
}

/// How many of the allocator's invariants do not hold: 0 is well.
pub fn check() -> u32 {
    unsafe { emma_check(core::ptr::null(), core::ptr::null_mut()) }
}

/// Gives all free memory back to the system, and returns how many bytes went back.
pub fn trim() -> usize {
    unsafe { emma_trim() }
}

/// From now on this many bytes can be allocated without a system call or a page fault; Err has the error number.
pub fn reserve(bytes: usize) -> Result<(), i32> {
    match unsafe { emma_reserve(bytes) } {
        0 => Ok(()),
        error => Err(error),
    }
}

/// Hands the calling thread's heap to whichever thread comes next, at the end of a thread of std's. Without it a
/// later thread finds the heap itself.
pub fn detach_thread() {
    unsafe { emma_thread_detach() }
}
