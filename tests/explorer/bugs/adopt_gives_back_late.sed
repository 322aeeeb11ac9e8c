# SPDX-License-Identifier: MIT OR Apache-2.0
# A heap whose holder lives is given back though that one has left it meanwhile.
# file: core/heap_pool.cpp
# scenario: adopt_id_again_left
s/^            if \(heap->ownership.try_take_over\(taker, is_sure \? holder : former\) && is_sure\)/            if (!is_sure) heap->ownership.rename(former);\n            if (is_sure \&\& heap->ownership.try_take_over(taker, holder))/
