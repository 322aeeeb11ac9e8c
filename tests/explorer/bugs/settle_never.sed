# SPDX-License-Identifier: MIT OR Apache-2.0
# Heaps of the parent's threads are adopted before the survivor has said which is its own.
# file: core/heap_pool.cpp
# scenario: adopt_parent
s/return generations_.is_settled\(generation\);/return true;/
