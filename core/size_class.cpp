// SPDX-License-Identifier: MIT OR Apache-2.0
// The two tables of size classes, computed by the compiler, once in the archive.
#include "core/size_class.h"

namespace emma {

constinit const GeometryTable kGeometry = [] {
    GeometryTable table{};
    for (unsigned i = 0; i < kSizeClassCount; ++i) {
        table.of[i].slot_bytes = slot_bytes_of(i) & 0xffffff;
        table.of[i].slice_count = slices_for_class(slot_bytes_of(i)) & 0xff;
    }
    return table;
}();

constinit const SmallClassTable kSmallClasses = [] {
    SmallClassTable table{};
    for (unsigned units = 0; units <= kTableMaxBytes / 16; ++units) {
        const unsigned linear = units == 0 ? 0 : units - 1;
        table.class_of[units] = static_cast<std::uint8_t>(
            units <= 8 ? linear : raw(quarter_class_for(units * std::size_t{16})));
    }
    return table;
}();

}  // namespace emma
