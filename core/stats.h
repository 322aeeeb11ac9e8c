// SPDX-License-Identifier: MIT OR Apache-2.0
// Figures of an instance as a whole, as numbers and as text. Looks and changes nothing, allocates
// nothing; callable while other threads run and from a signal handler.
#pragma once

#include "core/include/emma.h"
#include "core/instance.h"
#include "core/line.h"

namespace emma {

void gather_stats(Instance& instance, struct emma_stats& stats);

// Adds the figures of another instance.
void add_stats(Instance& instance, struct emma_stats& sum);

// The figures and the table of size classes in use, a call of `report.write` a line. Null:
// file descriptor 2.
void report_stats(Instance& instance, const Report& report);

}  // namespace emma
