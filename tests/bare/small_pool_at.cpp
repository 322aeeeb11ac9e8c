// SPDX-License-Identifier: MIT OR Apache-2.0
// small_pool.cpp once more, for a program that has emma_bare_map_at.
#define WITH_MAP_AT 1
#include "small_pool.cpp"
