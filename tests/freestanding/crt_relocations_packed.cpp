// SPDX-License-Identifier: MIT OR Apache-2.0
// The same promises as crt_relocations.cpp with the relocations in their compressed form (DT_RELR).
// TEST-FLAGS: -Wl,-z,pack-relative-relocs
#include "tests/freestanding/crt_relocations.cpp"  // NOLINT: the same program
