# SPDX-License-Identifier: MIT OR Apache-2.0
# Two that recover a process are at work in one of its heaps.
# file: core/rebuild.cpp
# scenario: recover
/^void HeapPool::take_back_process/,/^}/s/!heap->ownership.try_take_over\(former, mine\)/(heap->ownership.rename(mine), false)/
