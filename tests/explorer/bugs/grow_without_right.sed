# SPDX-License-Identifier: MIT OR Apache-2.0
# The mark is moved by load and store: two threads map the same slices.
# file: core/arena.cpp
# scenario: grow
/if \(!head.mark.compare_exchange\(mapped, mapped \+ step/,/return 0;/c\
        head.mark.store(mapped + step, memory_order_relaxed);
