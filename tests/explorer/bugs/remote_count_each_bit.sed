# SPDX-License-Identifier: MIT OR Apache-2.0
# put_remote() counts a word for every bit, not for its first alone.
# file: core/heap.cpp
# scenario: remote_words
s/if \(\(before & bit\) == 0\) return false;/if ((before \& bit) != 0)/
/^        word.fetch_sub\(bit, memory_order_relaxed\);$/d
