// SPDX-License-Identifier: MIT OR Apache-2.0
// The facade over what lies below the program, and the only `#if` on it: what core/ includes where
// it asks about threads, writes a line or has pages populated. Linux answers with system calls; the
// bare port, which is built into kernels and loaders, has no system to call. Where memory comes
// from is not here but in the page sources of core/.
#pragma once

#ifndef EMMA_BARE
#define EMMA_BARE 0
#endif

#if EMMA_BARE == 1
#include "arch/bare/system.h"
#else
#include "arch/linux/memory.h"
#include "arch/linux/process.h"
#include "arch/linux/threads.h"
#endif
