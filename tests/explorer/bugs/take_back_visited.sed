# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap that an operation left is made whole while a visitor is at work in it.
# file: core/rebuild.cpp
# scenario: take_back_idle
s/^    if \(!heap->enter\(\) && heap->visited.is_set\(\)\) return false;$/    (void)heap->enter();/
