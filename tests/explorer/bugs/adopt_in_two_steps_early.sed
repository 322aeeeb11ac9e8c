# SPDX-License-Identifier: MIT OR Apache-2.0
# The second question comes before the heap is this thread's.
# file: core/heap_pool.cpp
# scenario: adopt_id_again
s/^        if \(is_left\(heap, former, taker\) && heap->ownership.try_take_over\(former, taker\)\) \{/        if (const bool is_sure = is_left(heap, former, taker) \&\& is_left(heap, former, taker); is_sure \&\& heap->ownership.try_take_over(former, taker)) {/
/^            const bool is_sure = is_left/d
