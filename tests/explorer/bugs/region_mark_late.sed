# SPDX-License-Identifier: MIT OR Apache-2.0
# Pages are free before it is known that they are no longer fresh: who takes them does not zero them.
# file: core/region.cpp
# scenario: region
s/^    std::size_t mark = given_back_below_.load\(memory_order_relaxed\);/    release(span);\n&/
/^    release\(span\);$/d
