# SPDX-License-Identifier: MIT OR Apache-2.0
# A reader may take an old proof for good although it counted itself after the unmapper looked.
# file: core/arena_pool.h
# rebuild: core/arena_pool.cpp
# scenario: unmap_proved
s/(unmaps_.load\()memory_order_seq_cst/\1memory_order_relaxed/
