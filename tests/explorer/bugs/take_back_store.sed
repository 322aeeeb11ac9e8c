# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap that an operation left is taken back over a handler's head.
# file: core/rebuild.cpp
# scenario: take_back
/^bool take_back\(ThreadHeap\* heap, Holder mine\)/,/^}/s/heap->ownership.try_take_over\(former, mine\)/(heap->ownership.rename(mine), true)/
