# SPDX-License-Identifier: MIT OR Apache-2.0
# A long inbox is drained by a thread that does not hold the heap.
# file: core/short_free.h
# rebuild: core/emma.cpp
# scenario: idle_long_inbox
# options: FOR=speed TLS=1
s/^    HeapLease lease\(g_instance, home\);$/    home->drain_inbox();/
s/^    if \(lease\) lease->drain_inbox\(\);$//
