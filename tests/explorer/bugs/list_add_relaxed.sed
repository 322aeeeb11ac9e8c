# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena is put in the list without what makes it whole.
# file: core/arena_list.cpp
# scenario: publish_again
s/(compare_exchange\(expected, arena->addr\(\), )memory_order_release/\1memory_order_relaxed/
