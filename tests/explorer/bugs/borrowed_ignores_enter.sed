# SPDX-License-Identifier: MIT OR Apache-2.0
# An operation goes on in a borrowed heap that it may not enter.
# file: core/instance.cpp
# scenario: borrow_trim
/^bool HeapLease::enter_borrowed/,/^}/s/^    if \(!heap->enter\(\)\) \{$/    (void)heap->enter();\n    if (heap == nullptr) {/
