# SPDX-License-Identifier: MIT OR Apache-2.0
# A new heap is published before it is held.
# file: core/heap_pool.cpp
# scenario: borrow
/^    \(void\)try_acquire\(heap, holder\);/d
s/^    while \(!newest_.compare_exchange.*/&\n    (void)try_acquire(heap, holder);/
