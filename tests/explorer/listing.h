// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs as text, for people: the listing of a failing one. The schedule's own notation is
// search.h's.
#pragma once

#include <unistd.h>

#include "tests/explorer/run.h"

namespace emma::explore {

void print_run(const Runner& runner);

}  // namespace emma::explore
