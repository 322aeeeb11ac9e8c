# SPDX-License-Identifier: MIT OR Apache-2.0
# Whoever takes a cached mapping does not see what was done with it before.
# file: core/pages.h
# rebuild: core/pages.cpp tests/explorer/scenarios/growth.cpp
# scenario: cached_mapping
s/cached = place.exchange\(nullptr, memory_order_acquire\);/cached = place.exchange(nullptr, memory_order_relaxed);/
