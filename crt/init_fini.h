// SPDX-License-Identifier: MIT OR Apache-2.0
// What runs before main and after it: the arrays that the linker collects. The functions that
// programs call (exit, atexit, ...) are in init_fini.cpp under their standard names.
#pragma once

namespace emma::crt {

// Runs the preinit array, then the init array, in order (gABI, "Initialization and Termination").
[[gnu::cold]] void run_init_arrays(int argument_count, char** arguments, char** environment);

// Before a thread is created: if the caller is at its exit, the new thread will find that out.
void keep_exit_owner();

}  // namespace emma::crt
