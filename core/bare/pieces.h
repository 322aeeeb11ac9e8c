// SPDX-License-Identifier: MIT OR Apache-2.0
// PORT=bare: memory that has no place for an arena of 4 MiB at a multiple of 4 MiB, as small pools
// are and the ends of large ones. An instance beside the default one serves what that is refused,
// in arenas of 256 KiB at any page; the functions of <emma.h> ask both. Any thread may call
// anything here.
#pragma once

#include <cstdint>

#include "core/instance.h"

namespace emma {

extern constinit Instance g_pieces;

// Pages at exactly `addr`, by the program's function for that, or by chance.
Extension map_behind(void* counter, std::uintptr_t addr, std::size_t bytes);

}  // namespace emma
