// SPDX-License-Identifier: MIT OR Apache-2.0
// An instance drawn as SVG: a row for each arena with its slices, a row for each huge object, a
// legend. Looks and changes nothing, allocates nothing; callable while other threads run and from a
// signal handler.
#pragma once

#include "core/instance.h"
#include "core/line.h"

namespace emma {

// `second` may be null: an instance that is drawn below the first, on the same picture.
void draw_picture(Instance& instance, Instance* second, const Report& report);

}  // namespace emma
