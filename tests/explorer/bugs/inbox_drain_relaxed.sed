# SPDX-License-Identifier: MIT OR Apache-2.0
# The inbox is taken without acquiring the links.
# file: core/heap.cpp
# scenario: remote_free
s/(inbox.exchange\(nullptr, )memory_order_acquire/\1memory_order_relaxed/
