# SPDX-License-Identifier: MIT OR Apache-2.0
# put_remote() counts without an order: whose turn the link is nobody knows.
# file: core/heap.cpp
# scenario: remote_free
s/(add_remote_word\(this, )memory_order_acq_rel/\1memory_order_relaxed/
