// SPDX-License-Identifier: MIT OR Apache-2.0
// Two copies of a bare archive with prefixes in one program, each with a word of its own behind
// %gs: they know their own objects and no others. tests/scripts/bare.sh also links two copies that
// were built for the same word, which the linker must refuse.
#include <bar_emma_bare.h>
#include <foo_emma_bare.h>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

static void* map(std::size_t bytes, std::size_t alignment) {
    void* const all = mmap(nullptr, bytes + alignment, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const auto addr = reinterpret_cast<std::uintptr_t>(all) + alignment - 1;
    return reinterpret_cast<void*>(addr & ~(alignment - 1));
}
void* foo_emma_bare_map(std::size_t bytes, std::size_t alignment) noexcept {
    return map(bytes, alignment);
}
void* bar_emma_bare_map(std::size_t bytes, std::size_t alignment) noexcept {
    return map(bytes, alignment);
}
bool foo_emma_bare_unmap(void*, std::size_t) noexcept { return false; }
bool bar_emma_bare_unmap(void*, std::size_t) noexcept { return false; }
void foo_emma_bare_panic(const foo_emma_panic*) noexcept { std::abort(); }
void bar_emma_bare_panic(const bar_emma_panic*) noexcept { std::abort(); }

static std::uintptr_t g_block[8];  // of the processor, at %gs:0

int main() {
    syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, g_block);
    for (unsigned i = 0; i < 20000; ++i) {
        const std::size_t size = 1 + i % 5000;
        void* const foo = foo_emma_malloc(size);
        void* const bar = bar_emma_malloc(size);
        const bool is_right =
            foo_emma_owns(foo) && bar_emma_owns(bar) && !foo_emma_owns(bar) && !bar_emma_owns(foo);
        if (!is_right) return 1;
        if (i % 3 == 0) foo_emma_free(foo);
        if (i % 2 == 0) bar_emma_free(bar);
    }
    const bool is_noted = g_block[1] != 0 && g_block[2] != 0 && g_block[1] != g_block[2];
    return is_noted && foo_emma_check(nullptr, nullptr) == 0 &&
                   bar_emma_check(nullptr, nullptr) == 0
               ? 0
               : 1;
}
