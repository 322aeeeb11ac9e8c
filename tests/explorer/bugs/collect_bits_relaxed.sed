# SPDX-License-Identifier: MIT OR Apache-2.0
# collect() takes bits without the freers last accesses to the objects.
# file: core/heap.cpp
# scenario: remote_free
s/(freed_words\[index\].exchange\(0, )memory_order_acquire/\1memory_order_relaxed/
