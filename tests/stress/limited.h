// SPDX-License-Identifier: MIT OR Apache-2.0
// With LIMITED=1 in the environment a stress test calls emma_limit_calls before anything else: then
// it passes under the filter of EMMA_SECCOMP_MINIMUM (tests/scripts/seccomp.sh).
#pragma once

#include <emma.h>
#include <emma_crt.h>

#include "tests/freestanding/test.h"

// <stdlib.h> declares types that the kernel's headers declare as well.
extern "C" char* getenv(const char* name);

inline bool is_limited() { return getenv("LIMITED") != nullptr; }
inline void limit_if_asked() {
    if (is_limited()) CHECK(emma_limit_calls() == 0);
}
