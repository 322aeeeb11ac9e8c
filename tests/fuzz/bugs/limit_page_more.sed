# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap may take a page more than its limit.
# file: core/own_heap.cpp
# steps: 40000
s/if \(now <= heap.limit_bytes \&\& now >= bytes\)/if (now - kPageBytes <= heap.limit_bytes \&\& now >= bytes)/
