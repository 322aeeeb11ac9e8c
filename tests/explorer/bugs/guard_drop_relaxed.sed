# SPDX-License-Identifier: MIT OR Apache-2.0
# A guard is dropped before its holder has done looking.
# file: core/arena_pool.h
# rebuild: core/proof.cpp core/arena_pool.cpp core/trim.cpp tests/explorer/scenarios/unmapping.cpp
# scenario: unmap
s/(guards_.fetch_sub\(1, )memory_order_release/\1memory_order_relaxed/
