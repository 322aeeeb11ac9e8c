# SPDX-License-Identifier: MIT OR Apache-2.0
# A borrower resets the flag without what the last holder did.
# file: core/heap.h
# rebuild: core/heap_pool.cpp tests/explorer/scenarios/heap_pool.cpp
# scenario: visit_borrow
s/(kUnoccupied, __ATOMIC_)RELEASE/\1RELAXED/
