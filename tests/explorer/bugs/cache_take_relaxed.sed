# SPDX-License-Identifier: MIT OR Apache-2.0
# Whoever takes the cached mapping does not see what was done with it before.
# file: core/pages.h
# rebuild: core/pages.cpp tests/explorer/scenarios/growth.cpp
# scenario: cached_mapping
s/cached_.exchange\(nullptr, memory_order_acquire\);/cached_.exchange(nullptr, memory_order_relaxed);/
