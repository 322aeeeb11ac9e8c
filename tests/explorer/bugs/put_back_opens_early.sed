# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena that was to go is open before it is back in the list: another takes it out of a place that it
# does not have.
# file: core/trim.cpp
# scenario: unmap_twice
s/^    if \(list_.add\(pages_, arena\) == ArenaList::kNoPlace\).*/    arena->reopen();\n    if (list_.add(pages_, arena) != ArenaList::kNoPlace) return;\n    (void)arena->close();/
s/^    arena->reopen\(\);$/    put_in_limbo(arena);/
