# SPDX-License-Identifier: MIT OR Apache-2.0
# The place of an arena is read after the release, with which the arena may have gone.
# file: core/arena_pool.cpp
# scenario: unmap_claim
/^    const std::uint32_t place = arena->head.place;  \/\/ the arena may go with its last slice$/d
s/^    arena->release\(first, count\);/&\n    const std::uint32_t place = arena->head.place;/
