# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena is in the list before the table knows it: what another thread allocates there is no object.
# file: core/arena_pool.cpp
# scenario: first_use
s/if \(list_.add\(source\(\), arena\) != ArenaList::kNoPlace\) return arena;/if (table_.insert(source(), arena->addr(), ArenaTable::kArenaMark)) return arena;/
s/if \(table_.insert\(source\(\), arena->addr\(\), ArenaTable::kArenaMark\)\) \{/if (list_.add(source(), arena) != ArenaList::kNoPlace) {/
