// SPDX-License-Identifier: MIT OR Apache-2.0
// Emma for Rust: her functions of <emma.h> and <emma_crt.h> that this program uses, and `Emma`, which makes
// her the allocator behind alloc::. Rust knows size and alignment whenever it frees: each of GlobalAlloc's
// functions is one call.
use alloc::boxed::Box;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;

// C's types on x86-64 (in core::ffi only since Rust 1.64).
#[allow(non_camel_case_types)]
type c_int = i32;
#[allow(non_camel_case_types)]
type c_long = i64;

extern "C" {
    fn emma_alloc(size: usize, alignment: usize) -> *mut c_void;
    fn emma_alloc_zeroed(size: usize, alignment: usize) -> *mut c_void;
    fn emma_resize(object: *mut c_void, old_size: usize, alignment: usize, new_size: usize) -> *mut c_void;
    fn emma_dealloc(object: *mut c_void, size: usize, alignment: usize);
    fn emma_walk(visit: extern "C" fn(*mut c_void, *mut c_void, usize) -> bool, context: *mut c_void) -> c_int;
    fn emma_owns(object: *const c_void) -> bool;
    fn emma_check(write: *const c_void, context: *mut c_void) -> u32;
    fn emma_exit(status: c_int) -> !;
    fn emma_syscall(number: c_long, ...) -> c_long;
    fn emma_thread_create(
        thread: *mut *mut c_void,
        options: *const c_void,
        function: extern "C" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> c_int;
    fn emma_thread_join(thread: *mut c_void, result: *mut *mut c_void) -> c_int;
}

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

pub fn owns<T: ?Sized>(object: &T) -> bool {
    unsafe { emma_owns((object as *const T).cast()) }
}

/// Whether all of the allocator's invariants hold.
pub fn is_whole() -> bool {
    unsafe { emma_check(core::ptr::null(), core::ptr::null_mut()) == 0 }
}

pub fn exit(status: i32) -> ! {
    unsafe { emma_exit(status) }
}

pub fn write(descriptor: i32, bytes: &[u8]) -> isize {
    const WRITE: c_long = 1;
    unsafe { emma_syscall(WRITE, descriptor as c_long, bytes.as_ptr(), bytes.len()) as isize }
}

/// A descriptor, or a negative error number. The path ends with a 0.
pub fn open_for_reading(path: &[u8]) -> i32 {
    assert_eq!(path.last(), Some(&0));
    const OPEN: c_long = 2;
    unsafe { emma_syscall(OPEN, path.as_ptr(), 0 as c_long, 0 as c_long) as i32 }
}

pub fn read(descriptor: i32, bytes: &mut [u8]) -> isize {
    const READ: c_long = 0;
    unsafe { emma_syscall(READ, descriptor as c_long, bytes.as_mut_ptr(), bytes.len()) as isize }
}

/// A thread that runs a closure; join() gives what it returned.
pub struct Thread<Result> {
    handle: *mut c_void,
    result: core::marker::PhantomData<Result>,
}

extern "C" fn run<Work: FnOnce() -> Result, Result>(work: *mut c_void) -> *mut c_void {
    let work = unsafe { Box::from_raw(work.cast::<Work>()) };
    Box::into_raw(Box::new(work())).cast()
}

impl<Result: Send + 'static> Thread<Result> {
    pub fn spawn<Work: FnOnce() -> Result + Send + 'static>(work: Work) -> Option<Self> {
        let work = Box::into_raw(Box::new(work));
        let mut handle = core::ptr::null_mut();
        let error = unsafe { emma_thread_create(&mut handle, core::ptr::null(), run::<Work, Result>, work.cast()) };
        if error != 0 {
            drop(unsafe { Box::from_raw(work) });
            return None;
        }
        Some(Self { handle, result: core::marker::PhantomData })
    }

    pub fn join(self) -> Result {
        let mut result = core::ptr::null_mut();
        let error = unsafe { emma_thread_join(self.handle, &mut result) };
        assert_eq!(error, 0);
        *unsafe { Box::from_raw(result.cast::<Result>()) }
    }
}
