# SPDX-License-Identifier: MIT OR Apache-2.0
# Pages are claimed without what their last holder did.
# file: core/region.cpp
# scenario: region
s/(compare_exchange\(free, free \& ~wanted, )memory_order_acquire/\1memory_order_relaxed/
