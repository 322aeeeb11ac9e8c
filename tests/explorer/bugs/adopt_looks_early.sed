# SPDX-License-Identifier: MIT OR Apache-2.0
# Whether the heap is occupied is asked before whether its thread has ended.
# file: core/heap_pool.cpp
# scenario: adopt_id_again_ends
s/return is_gone\(former, taker.process\(\)\) \&\& heap->is_open\(\);/return heap->is_open() \&\& is_gone(former, taker.process());/
