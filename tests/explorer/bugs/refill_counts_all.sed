# SPDX-License-Identifier: MIT OR Apache-2.0
# A refill counts the word whose freer may have the push yet to do.
# file: core/slab.h
# rebuild: core/heap.cpp
# scenario: inbox_refill
/^ +static_cast<unsigned>\(left\);/d
s/(return count_of\(bits_.exchange\(tag \+ left \* kOneWord, order\), heap\)) -/\1;/
