# SPDX-License-Identifier: MIT OR Apache-2.0
# A claim, claim_exactly() too, is content with one free slice of those it takes.
# file: core/arena.cpp
# scenario: slices
s/starts_of_runs\(free, count\) \& allowed/starts_of_runs(free, 1) \& allowed/
