# SPDX-License-Identifier: MIT OR Apache-2.0
# The guards are counted before the arena leaves the table.
# file: core/trim.cpp
# scenario: unmap
s/^    const ArenaTable::Removal removal = .*/const bool alone = no_guard_held();\n    &/
s/if \(!no_guard_held\(\) /if (!alone /
