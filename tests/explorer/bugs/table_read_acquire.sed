# SPDX-License-Identifier: MIT OR Apache-2.0
# A reader may find an arena in the table although it counted itself after the unmapper looked.
# file: core/arena_table.cpp
# scenario: unmap
s/(entry.key.load\()memory_order_seq_cst/\1memory_order_acquire/
