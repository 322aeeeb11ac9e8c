# SPDX-License-Identifier: MIT OR Apache-2.0
# Whether the heap is occupied is asked before whether its thread has ended.
# file: core/heap_pool.cpp
# scenario: adopt_midway
s/if \(has_ended\(former, process\) \&\& heap->busy.is_unoccupied_remote\(\) \&\&/if (heap->busy.is_unoccupied_remote() \&\& has_ended(former, process) \&\&/
