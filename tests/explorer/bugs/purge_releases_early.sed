# SPDX-License-Identifier: MIT OR Apache-2.0
# Slices are released before they are purged.
# file: core/arena.cpp
# scenario: purge
/^        release\(first, count\);/d
s/^        if \(pages.purge\(/        release(first, count);\n&/
