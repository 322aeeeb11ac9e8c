# SPDX-License-Identifier: MIT OR Apache-2.0
# claim_exactly() is content with one free slice of those it takes.
# file: core/arena.cpp
# scenario: slices
s/while \(\(free \& wanted\) == wanted\)/while ((free \& wanted) != 0)/
