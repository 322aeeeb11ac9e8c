# SPDX-License-Identifier: MIT OR Apache-2.0
# drain_inbox() reads the link after the count was taken, when the slab may have been pushed again.
# file: core/heap.cpp
# scenario: remote_free
/^        draining = inbox_next_of\(slab\);$/d
s/^        collect\(slab, 0\);$/&\n        draining = inbox_next_of(slab);/
