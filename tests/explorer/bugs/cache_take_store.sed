# SPDX-License-Identifier: MIT OR Apache-2.0
# Taking a cached mapping is load and store: two threads have it.
# file: core/pages.h
# rebuild: core/pages.cpp tests/explorer/scenarios/growth.cpp
# scenario: cached_mapping
s/Kept\* const cached = place.exchange\(nullptr, memory_order_acquire\);/Kept* const cached = place.load(memory_order_acquire);\n        place.store(nullptr, memory_order_relaxed);/
