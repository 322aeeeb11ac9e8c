# SPDX-License-Identifier: MIT OR Apache-2.0
# Slices are released before they are purged.
# file: core/arena.cpp
# scenario: purge
/^        release\(first, count\);/d
s/^        if \(source.purge\(source.context/        release(first, count);\n&/
