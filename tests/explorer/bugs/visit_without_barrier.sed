# SPDX-License-Identifier: MIT OR Apache-2.0
# A visitor does without the barrier on all threads.
# file: core/heap_pool.h
# rebuild: tests/explorer/scenarios/heap_pool.cpp
# scenario: visit
s/barrier_on_all_threads\(\) \&\& heap->busy/heap->busy/
