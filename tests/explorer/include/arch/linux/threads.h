// SPDX-License-Identifier: MIT OR Apache-2.0
// Stands in for arch/linux/threads.h in the interleaving explorer: what core/ asks the kernel about
// threads is answered by the model.
#pragma once

#include "arch/arch.h"
#include "tests/explorer/explorer.h"

namespace emma::arch {

inline std::uint32_t process_id() { return explore::kProcess; }
inline std::uint32_t thread_id() { return explore::current_thread_id(); }
inline bool thread_is_gone(std::uint32_t process, std::uint32_t thread) {
    if (thread == explore::kGoneThreadId && explore::id_came_again()) return false;
    return process == explore::kProcess && explore::has_ended(thread);
}
inline bool barrier_on_all_threads() { return explore::barrier_on_all_threads(); }

}  // namespace emma::arch
