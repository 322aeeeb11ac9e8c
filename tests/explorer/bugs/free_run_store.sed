# SPDX-License-Identifier: MIT OR Apache-2.0
# Freeing a run is load and store: two frees win.
# file: core/large.cpp
# scenario: run
/if \(!run->use.compare_exchange\(expected, SliceUse::kReleasedRun/,/return false;/c\
    if (run->use.load(memory_order_relaxed) != expected) return false;\
    run->use.store(SliceUse::kReleasedRun, memory_order_release);
