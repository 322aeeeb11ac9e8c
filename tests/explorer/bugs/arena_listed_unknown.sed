# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena is in the list before the table knows it: what another thread allocates there is no object.
# file: core/arena_pool.cpp
# scenario: first_use
s/^    if \(!table_.insert\(pages_, key, ArenaTable::kArenaMark\)\) return false;/    if (list_.add(pages_, arena) == ArenaList::kNoPlace) return false;/
s/^    if \(list_.add\(pages_, arena\) != ArenaList::kNoPlace\) return true;/    if (table_.insert(pages_, key, ArenaTable::kArenaMark)) return true;/
