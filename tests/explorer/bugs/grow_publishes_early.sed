# SPDX-License-Identifier: MIT OR Apache-2.0
# Slices are free before they are said to be clean: who has written one finds it clean again.
# file: core/arena.cpp
# scenario: grow
/head.free_slices.set_bits\(slices, memory_order_release\)/d
s/^    head.clean_slices.set_bits\(slices, memory_order_release\);/    head.free_slices.set_bits(slices, memory_order_release);\n&/
