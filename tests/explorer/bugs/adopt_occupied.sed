# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap is adopted that its thread has left in the middle of an operation.
# file: core/heap_pool.cpp
# scenario: adopt
s/ && heap->is_open\(\);/ \&\& heap != nullptr;/
