# SPDX-License-Identifier: MIT OR Apache-2.0
# Slices of a new arena are claimed after others have found it: a trim takes it away again and again.
# file: core/arena_pool.cpp
# scenario: unmap_claim
s/^    const SliceRange range = arena->claim\(count, alignment_slices\);/   /
s/^        last_with_room_.store\(arena->head.place, memory_order_relaxed\);/        const SliceRange range = arena->claim(count, alignment_slices);/
s/^        return range;/        return range.ok() ? range : claim_new(count, alignment_slices);/
