# SPDX-License-Identifier: MIT OR Apache-2.0
# Whether the heap is occupied is asked before whether its thread has ended.
# file: core/heap_pool.cpp
# scenario: adopt_midway
s/if \(is_gone\(former, process\) \&\& heap->is_open\(\) \&\&/if (heap->is_open() \&\& is_gone(former, process) \&\&/
