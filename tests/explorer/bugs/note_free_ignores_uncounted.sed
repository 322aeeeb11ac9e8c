# SPDX-License-Identifier: MIT OR Apache-2.0
# A free in another class retires a slab that a freer has yet to count in.
# file: core/heap.cpp
# scenario: remote_classes
s/^    if \(slab == nullptr \|\| slab->uncounted != 0 \|\|$/    if (slab == nullptr ||/
