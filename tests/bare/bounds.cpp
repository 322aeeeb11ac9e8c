// SPDX-License-Identifier: MIT OR Apache-2.0
// Every size at which the allocator changes its mind by every alignment to 2^63, over the program's
// page functions: as the first allocation, as the first after a trim, in a crowded heap and with
// every further call refused. See tests/freestanding/bounds.cpp.
#include "../freestanding/bounds.h"

#include <sys/wait.h>

#include <cerrno>

#include "host.h"

#if defined(SLOT_FUNCTION)
static void* g_slot;
void** emma_bare_heap_slot() noexcept { return &g_slot; }
#endif

namespace {

using bounds::Asked;

void try_case(unsigned number, bool must_have) {
    const Asked asked = bounds::asked(number);
    const bool is_zeroed = number % 3 == 0;
    void* const object = is_zeroed ? emma_alloc_zeroed(asked.size, asked.alignment)
                                   : emma_aligned_alloc(asked.alignment, asked.size);
    if (object == nullptr) {
        CHECK(!must_have || !bounds::is_modest(asked));
        return;
    }
    CHECK(bounds::is_good(object, emma_malloc_usable_size(object), asked, is_zeroed));
    emma_dealloc(object, asked.size, asked.alignment);
}

template <typename After>
void try_each(unsigned step, bool must_have, After after) {
    for (unsigned number = step / 2; number < bounds::kCases; number += step) {
        try_case(number, must_have);
        after();
    }
    CHECK(emma_check(print_finding, nullptr) == 0);
}

void try_as_first(unsigned number) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        try_case(number, true);
        CHECK(emma_check(print_finding, nullptr) == 0);
        _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

constexpr unsigned kMost = 100000;
void* g_objects[kMost];
unsigned g_count = 0;

void fill(std::size_t least, unsigned most_of_each) {
    for (const std::size_t size : {600000, 70000, 5000, 3000, 1000, 300, 100})
        for (unsigned i = 0; i < most_of_each && g_count < kMost && size >= least; ++i) {
            void* const object = emma_malloc(size);
            if (object == nullptr) break;
            g_objects[g_count++] = object;
        }
}
void free_some(unsigned step) {
    for (unsigned i = 0; i < g_count; i += step) {
        emma_free(g_objects[i]);
        g_objects[i] = nullptr;
    }
}

}  // namespace

int main() {
#if defined(SLOT_GS)
    static unsigned char block[64];
    CHECK(syscall(SYS_arch_prctl, 0x1001, block) == 0);  // ARCH_SET_GS
#endif
    for (unsigned number = 0; number < bounds::kCases; number += 17) try_as_first(number);
    try_each(3, true, [] { emma_trim(); });
    fill(300, 300);
    free_some(5);
    try_each(3, true, [] {});
    host::refuse_first = 1;
    host::refuse_last = 1L << 40;
    fill(0, kMost);
    free_some(7);
    try_each(1, false, [] {});
    host::refuse_last = 0;
    free_some(1);
    emma_trim();
    CHECK(emma_check(print_finding, nullptr) == 0);
    return 0;
}
