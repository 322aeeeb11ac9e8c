# SPDX-License-Identifier: MIT OR Apache-2.0
# Who cannot have a whole span releases all of it, another's pages with it.
# file: core/region.cpp
# scenario: region_overlap
s/release\(\{span.first, word \* 64\}\);/release(span);/
