# SPDX-License-Identifier: MIT OR Apache-2.0
# A visitor passes the barrier after it has looked whether the heap is occupied.
# file: core/heap_pool.h
# rebuild: tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/barrier_on_all_threads\(\) \&\& (heap->busy.is_unoccupied_remote\(\));/\1 \&\& barrier_on_all_threads();/
