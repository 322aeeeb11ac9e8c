// SPDX-License-Identifier: MIT OR Apache-2.0
// The new-handler. These names are libstdc++'s too: in a hosted program the first archive on the
// link line provides them, and there is one handler either way.
#include "core/api/new.h"
#include "core/atomic.h"

namespace {
// any thread; acquire and release as [new.handler.mutators] asks for
constinit emma::Atomic<std::new_handler> g_new_handler{nullptr};
}  // namespace

namespace std {

const nothrow_t nothrow{};

new_handler set_new_handler(new_handler handler) noexcept {
    return g_new_handler.exchange(handler, memory_order_acq_rel);
}

new_handler get_new_handler() noexcept { return g_new_handler.load(memory_order_acquire); }

}  // namespace std

std::new_handler emma::current_new_handler() { return std::get_new_handler(); }
