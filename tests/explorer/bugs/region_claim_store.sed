# SPDX-License-Identifier: MIT OR Apache-2.0
# Pages are claimed by load and store: two hold one page.
# file: core/region.cpp
# scenario: region
/^               !words_\[word\].compare_exchange/,/memory_order_relaxed\)\) \{/c\
               (words_[word].store(free \& ~wanted, memory_order_seq_cst), false)) {
