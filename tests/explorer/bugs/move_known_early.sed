# SPDX-License-Identifier: MIT OR Apache-2.0
# The place that a huge object is to move to is known before its pages are there.
# file: core/large.cpp
# scenario: huge_move
s/reinterpret_cast<std::uintptr_t>\(place\) \| ArenaTable::kComing;/reinterpret_cast<std::uintptr_t>(place);/
