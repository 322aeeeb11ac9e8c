// SPDX-License-Identifier: MIT OR Apache-2.0
// pthread_self, by which libstdc++'s headers know a thread (std::this_thread::get_id). Its threads
// are not there; an id is emma_thread_self()'s.
#include <cstdint>

#include "crt/include/emma_crt.h"
#include "crt/public.h"

extern "C" EMMA_CRT_PUBLIC std::uintptr_t pthread_self() {
    return reinterpret_cast<std::uintptr_t>(emma_thread_self());
}
