# SPDX-License-Identifier: MIT OR Apache-2.0
# The arena gets its place after others can find it.
# file: core/arena_list.cpp
# scenario: publish_again
/arena->head.place = place;/d
s/^        std::uint32_t end = end_.load/        arena->head.place = place;\n&/
