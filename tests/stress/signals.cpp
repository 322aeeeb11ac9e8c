// SPDX-License-Identifier: MIT OR Apache-2.0
// Always callable: a timer's signal handler allocates, resizes and frees while the code that it
// interrupts does the same, objects travel between the two, and every object's contents hold.
//
//   signals [SEED [SIGNALS]]
//
// TEST-ARGS: 0 3000
// TEST-QEMU: 0 300
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <asm/signal.h>
#include <asm/unistd.h>
#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

// rt_sigreturn(2), which the kernel's ABI wants the program to provide (sigaction(2), SA_RESTORER).
asm(".text\n"
    ".globl test_restorer\n"
    "test_restorer:\n"
    "    mov $15, %eax\n"
    "    syscall\n");
extern "C" void test_restorer();

namespace {

struct Object {
    std::size_t size;
    std::uint64_t tag;
    unsigned char bytes[];
};

constexpr std::size_t kCount = 64;
Object* exchanged[kCount];  // between the handler and what it interrupts: exchanged whole
test_random handler_random;
volatile std::uint64_t handled = 0;

std::size_t some_size(test_random* random) {
    const std::uint64_t kind = test_below(random, 100);
    return test_below(random, kind < 80 ? 300 : kind < 95 ? 5000 : kind < 99 ? 100000 : 3000000);
}

Object* make(test_random* random) {
    const std::size_t size = some_size(random);
    auto* object = static_cast<Object*>(emma_malloc(sizeof(Object) + size));
    CHECK(object != nullptr);
    object->size = size;
    object->tag = test_next(random);
    test_fill(object->bytes, size, object->tag);
    return object;
}

void end(Object* object) {
    if (object == nullptr) return;
    CHECK(test_verify(object->bytes, object->size, object->tag));
    emma_free(object);
}

void exchange(test_random* random) {
    Object* mine = test_below(random, 3) == 0 ? nullptr : make(random);
    end(__atomic_exchange_n(&exchanged[test_below(random, kCount)], mine, __ATOMIC_RELAXED));
}

// QEMU's user mode may enter a handler with a stack that is off by 8, against psABI 3.2.2.
[[gnu::force_align_arg_pointer]] void handle(int) {
    for (int i = 0; i < 5; i++) exchange(&handler_random);
    end(make(&handler_random));
    handled = handled + 1;
}

// A pause of about 60 microseconds between the end of a handler and the next signal.
void set_timer(long microseconds) {
    const long timer[4] = {0, microseconds, 0, microseconds};
    CHECK(emma_syscall(__NR_setitimer, 0L, timer, 0L) == 0);  // ITIMER_REAL: SIGALRM
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t seed = test_argument(argc, argv, 1, 0);
    const std::uint64_t signals = test_argument(argc, argv, 2, 3000);
    if (seed == 0) seed = *reinterpret_cast<const std::uint64_t*>(emma_getauxval(25)) >> 16 | 1;
    test_report("seed", seed);
    test_random random = {seed};
    handler_random.state = seed ^ 0x9e3779b97f4a7c15;

    struct emma_stats before, after;
    emma_stats(&before);
    // struct sigaction as the kernel has it: handler, flags, restorer, mask.
    const std::uintptr_t action[4] = {reinterpret_cast<std::uintptr_t>(handle), SA_RESTORER,
                                      reinterpret_cast<std::uintptr_t>(test_restorer), 0};
    CHECK(emma_syscall(__NR_rt_sigaction, long{SIGALRM}, action, 0L, 8L) == 0);
    set_timer(97);
    while (handled < signals) exchange(&random);
    set_timer(0);
    for (Object*& object : exchanged) {
        end(object);
        object = nullptr;
    }
    emma_stats(&after);
    test_report("signals", handled);
    test_report("operations on borrowed heaps", after.borrowed_heaps - before.borrowed_heaps);
    CHECK(after.live_objects == before.live_objects);
    test_check_all();
    return 0;
}
