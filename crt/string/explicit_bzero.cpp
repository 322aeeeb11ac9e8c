// SPDX-License-Identifier: MIT OR Apache-2.0
// explicit_bzero (glibc, BSD): a fill that no optimiser leaves out.
#include "crt/string/functions.h"

EMMA_CRT_C void explicit_bzero(void* to, std::size_t n) { memset_explicit(to, 0, n); }
