// SPDX-License-Identifier: MIT OR Apache-2.0
// How crt/ marks the names that a program may refer to. Everything else has hidden visibility by
// the compiler's flag, so that the list of exported symbols (linker/emma_crt.symbols) is exact. All
// are weak: a program, or another libc's object that it takes in, may define any of them.
#pragma once

#define EMMA_CRT_PUBLIC __attribute__((visibility("default"), weak))
