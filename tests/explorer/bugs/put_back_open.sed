# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena that could not be unmapped is open before it is listed: another closes and unmaps it meanwhile.
# file: core/trim.cpp
# scenario: unmap_twice
s/^    list_.show\(arena\);/    arena->reopen();\n&/
/^    arena->reopen\(\);$/d
