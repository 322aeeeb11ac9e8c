// SPDX-License-Identifier: MIT OR Apache-2.0
// The order of start-up, and nothing else: each step is one call. entry.S enters here on the
// initial stack; until step 2 no pointer in memory is relocated, until step 4 there is no thread
// pointer. The one system call of a statically linked program's start is step 4's arch_prctl.
#include "arch/arch.h"
#include "crt/auxv.h"
#include "crt/include/emma_crt.h"
#include "crt/init_fini.h"
#include "crt/relocate.h"
#include "crt/thread.h"
#include "crt/tls.h"

// The program's main: C++ forbids to name it in a call.
extern "C" int emma_crt_main(int argument_count, char** arguments, char** environment) asm("main");

namespace emma::crt {
namespace {

// The stack protector's secret: of the kernel's 16 random bytes the first 8. The lowest byte is
// zero, so that no string operation reads past it or writes it.
std::uintptr_t read_canary(const elf::AuxiliaryEntry* auxiliary) {
    const auto* random =
        reinterpret_cast<const std::uintptr_t*>(find_auxiliary_early(auxiliary, elf::kAuxRandom));
    // No such entry before Linux 2.6.29: the randomised stack address is better than nothing.
    const std::uintptr_t value =
        random == nullptr ? reinterpret_cast<std::uintptr_t>(auxiliary) << 8 : *random;
    return value & ~std::uintptr_t{0xff};
}

}  // namespace
}  // namespace emma::crt

extern "C" [[noreturn, gnu::cold]] void emma_crt_start(std::uintptr_t* stack,
                                                       const emma::crt::elf::DynamicEntry* dynamic,
                                                       decltype(&emma_crt_relocate) relocate) {
    using namespace emma::crt;
    // 1. What the kernel handed over.
    const InitialStack initial = read_initial_stack_early(stack);
    const ProgramHeaders headers(initial.auxiliary);
    // 2. Self-relocation (static-PIE only: lld makes a dynamic section at fixed addresses too).
    const bool is_pie = dynamic != nullptr && relocate != nullptr;
    const std::uintptr_t bias = is_pie ? relocate(RelocationStep::kData, headers, dynamic) : 0;
    // 3. Auxiliary vector and environment, for the program and for the steps below.
    publish(initial);
    // 4. Thread-local storage, canary, thread pointer.
    set_tls_image(headers.find(elf::kSegmentTls), bias);
    start_initial_thread(read_canary(initial.auxiliary));
    // 5. Functions with several versions: code of the program decides. Then relocated constants
    // become read-only (where there are any).
    if (is_pie) {
        (void)relocate(RelocationStep::kFunctions, headers, dynamic);
    } else {
        resolve_functions(headers);
    }
    // Copied again, as a thread-local pointer may be among what was decided.
    fill_tls_block(reinterpret_cast<std::uintptr_t>(emma::arch::thread_pointer()));
    protect_relocated(headers, bias, page_bytes());
    // 6. Constructors.
    run_init_arrays(initial.argument_count, initial.arguments, initial.environment);
    // 7. The program, and its end.
    emma_exit(emma_crt_main(initial.argument_count, initial.arguments, initial.environment));
}
