# SPDX-License-Identifier: MIT OR Apache-2.0
# Slices of a new arena are claimed after others have found it: a trim takes it away again and again.
# file: core/arena_pool.cpp
# scenario: unmap_claim
s/^    const SliceRange range = arena->claim\(count, alignment_slices\);/   /
s/^    if \(add_arena\(arena\)\) return range;/    if (add_arena(arena)) {\n        const SliceRange range = arena->claim(count, alignment_slices);\n        return range.ok() ? range : claim_new(count, alignment_slices);\n    }/
