# SPDX-License-Identifier: MIT OR Apache-2.0
# An aligned object may get the next class whatever its alignment.
# file: core/instance.cpp
# steps: 40000
s/while \(\(geometry\(size_class\).slot_bytes \& \(alignment - 1\)\) != 0\)/if ((geometry(size_class).slot_bytes \& (alignment - 1)) != 0)/
