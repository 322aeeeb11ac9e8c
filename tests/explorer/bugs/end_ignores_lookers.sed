# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap goes while a panic looks into it.
# file: core/own_heap.cpp
# scenario: ended
s/^    return g_heap_list\.lookers\.load\(memory_order_seq_cst\) == 0;$/    return true;/
