// SPDX-License-Identifier: MIT OR Apache-2.0
// The version, once.
#include "core/config.h"
#include "core/include/emma.h"

EMMA_PUBLIC const char* emma_version(void) noexcept { return "0.1.0"; }
