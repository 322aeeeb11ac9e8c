# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap is kept without asking a second time, once it is this thread's.
# file: core/heap_pool.cpp
# scenario: adopt_id_again
s/const bool is_sure = is_left\(heap, former, taker\);/const bool is_sure = heap->is_open();/
