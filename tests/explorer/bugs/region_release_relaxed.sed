# SPDX-License-Identifier: MIT OR Apache-2.0
# Pages are released without what their holder did.
# file: core/region.cpp
# scenario: region
s/(set_bits\(bits_in_word\(span, word\), )memory_order_release/\1memory_order_relaxed/
