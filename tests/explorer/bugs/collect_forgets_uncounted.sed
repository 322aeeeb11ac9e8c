# SPDX-License-Identifier: MIT OR Apache-2.0
# collect() does not wait for the count of words that it found before it.
# file: core/heap.cpp
# scenario: remote_words
s/(slab->countdown \+ slab->held_back) \+ early - static_cast/\1 - static_cast/
