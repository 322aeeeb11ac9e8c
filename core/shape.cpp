// SPDX-License-Identifier: MIT OR Apache-2.0
// The shape of the default instance. Those of fixed regions are in region.cpp, so that only a
// program that has regions has them.
#include "core/shape.h"

namespace emma {

constinit const Shape kDefaultShape{.classes = &kGeometry,
                                    .slab_max_bytes = kMediumMaxBytes,
                                    .run_max_alignment = kArenaBytes / 2,
                                    // No address within an arena's window but its first, so the
                                    // fast path of free tells them from slots by that.
                                    .huge_alignment = kArenaBytes,
                                    .freed_distance = freed_distance_for(kBitmapWords),
                                    .bitmap_words = kBitmapWords,
                                    .slice_shift = kSliceShift,
                                    .header_slices = 1,
                                    // A program that allocates little takes a quarter of a megabyte
                                    // of address space.
                                    .first_slices = 4};

}  // namespace emma
