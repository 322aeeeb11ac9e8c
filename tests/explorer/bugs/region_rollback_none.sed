# SPDX-License-Identifier: MIT OR Apache-2.0
# Who cannot have a whole span keeps what it had claimed of it.
# file: core/region.cpp
# scenario: region_overlap
/if \(word \* 64 > span.first\) release/d
