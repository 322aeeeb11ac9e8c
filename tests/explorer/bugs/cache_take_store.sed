# SPDX-License-Identifier: MIT OR Apache-2.0
# Taking the cached mapping is load and store: two threads have it.
# file: core/pages.h
# rebuild: core/pages.cpp tests/explorer/scenarios/growth.cpp
# scenario: cached_mapping
s/Kept\* const cached = cached_.exchange\(nullptr, memory_order_acquire\);/Kept* const cached = cached_.load(memory_order_acquire);\n    cached_.store(nullptr, memory_order_relaxed);/
