# SPDX-License-Identifier: MIT OR Apache-2.0
# put_remote() sets its bit without the last accesses to the object.
# file: core/heap.cpp
# scenario: remote_free
s/(word.fetch_add\(bit, )memory_order_release/\1memory_order_relaxed/
