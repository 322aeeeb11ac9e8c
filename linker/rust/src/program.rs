// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program without std or a libc, over <emma_crt.h>: its start, its end, system calls, threads, and the
//! functions that rustc expects somebody to bring along.
use alloc::boxed::Box;
use core::ffi::c_void;
use core::fmt::{self, Write};
use core::marker::PhantomData;

extern "C" {
    fn emma_exit(status: i32) -> !;
    fn emma_syscall(number: i64, ...) -> i64;
    fn emma_thread_create(
        thread: *mut *mut c_void,
        options: *const c_void,
        function: extern "C" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> i32;
    fn emma_thread_join(thread: *mut c_void, result: *mut *mut c_void) -> i32;
}

/// Makes `function` the program's main: it takes `emma::Arguments` and returns the exit status.
#[macro_export]
macro_rules! main {
    ($function:path) => {
        #[no_mangle]
        pub extern "C" fn main(count: i32, arguments: *const *const u8) -> i32 {
            let function: fn($crate::Arguments) -> i32 = $function;
            function(unsafe { $crate::Arguments::new(count, arguments) })
        }
    };
}

/// The program's arguments, its name first.
pub struct Arguments {
    next: *const *const u8,
    left: usize,
}

impl Arguments {
    /// # Safety
    /// `arguments` points at `count` strings that live as long as the program.
    pub unsafe fn new(count: i32, arguments: *const *const u8) -> Self {
        Self { next: arguments, left: count as usize }
    }
}

impl Iterator for Arguments {
    type Item = &'static [u8];
    fn next(&mut self) -> Option<&'static [u8]> {
        if self.left == 0 {
            return None;
        }
        unsafe {
            let text = *self.next;
            self.next = self.next.add(1);
            self.left -= 1;
            let length = (0..).find(|at| *text.add(*at) == 0).unwrap();
            Some(core::slice::from_raw_parts(text, length))
        }
    }
}

pub fn exit(status: i32) -> ! {
    unsafe { emma_exit(status) }
}

/// A raw system call: the kernel's result, from -4095 to -1 an error number negated.
///
/// # Safety
/// As safe as the call is.
pub unsafe fn syscall(number: usize, arguments: [usize; 6]) -> isize {
    let [a, b, c, d, e, f] = arguments;
    emma_syscall(number as i64, a, b, c, d, e, f) as isize
}

/// Writes all bytes to a descriptor; false if the kernel refuses.
pub fn write(descriptor: i32, mut bytes: &[u8]) -> bool {
    const WRITE: usize = 1;
    while !bytes.is_empty() {
        let written = unsafe { syscall(WRITE, [descriptor as usize, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0]) };
        if written <= 0 {
            return false;
        }
        bytes = &bytes[written as usize..];
    }
    true
}

/// A thread that runs a closure; `join` gives what it returned.
pub struct Thread<T> {
    handle: *mut c_void,
    result: PhantomData<T>,
}

extern "C" fn run<Work: FnOnce() -> T, T>(work: *mut c_void) -> *mut c_void {
    let work = unsafe { Box::from_raw(work.cast::<Work>()) };
    Box::into_raw(Box::new(work())).cast()
}

impl<T: Send + 'static> Thread<T> {
    /// Err has the error number.
    pub fn spawn<Work: FnOnce() -> T + Send + 'static>(work: Work) -> Result<Self, i32> {
        let work = Box::into_raw(Box::new(work));
        let mut handle = core::ptr::null_mut();
        let error = unsafe { emma_thread_create(&mut handle, core::ptr::null(), run::<Work, T>, work.cast()) };
        if error != 0 {
            drop(unsafe { Box::from_raw(work) });
            return Err(error);
        }
        Ok(Self { handle, result: PhantomData })
    }

    pub fn join(self) -> T {
        let mut result = core::ptr::null_mut();
        let error = unsafe { emma_thread_join(self.handle, &mut result) };
        assert_eq!(error, 0);
        *unsafe { Box::from_raw(result.cast::<T>()) }
    }
}

// ---- what std would bring along ----------------------------------------------------------------

struct ErrorOutput;

impl Write for ErrorOutput {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write(2, text.as_bytes());
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let _ = writeln!(ErrorOutput, "{info}");
    exit(101)
}

#[cfg(needs_alloc_error_handler)]
#[alloc_error_handler]
fn out_of_memory(_: core::alloc::Layout) -> ! {
    write(2, b"out of memory\n");
    exit(101)
}

// The core library that the compiler brings along is built for unwinding and names these two.
#[no_mangle]
extern "C" fn rust_eh_personality() {}
#[no_mangle]
extern "C" fn _Unwind_Resume() -> ! {
    exit(101)
}
