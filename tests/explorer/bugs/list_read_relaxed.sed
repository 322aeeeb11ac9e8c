# SPDX-License-Identifier: MIT OR Apache-2.0
# A reader finds an arena in the list without what makes it whole.
# file: core/arena_list.cpp
# scenario: publish_again
s/(found->arena.load\()memory_order_seq_cst/\1memory_order_relaxed/
