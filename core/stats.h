// SPDX-License-Identifier: MIT OR Apache-2.0
// Figures of an instance as a whole. Looks and changes nothing, allocates nothing; callable while
// other threads run and from a signal handler.
#pragma once

#include "core/include/emma.h"
#include "core/instance.h"

namespace emma {

void gather_stats(Instance& instance, struct emma_stats& stats);

}  // namespace emma
