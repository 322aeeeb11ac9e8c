// SPDX-License-Identifier: MIT OR Apache-2.0
// The page functions of a bare archive in a hosted program: every call of each kind is refused
// once, and from every call on all are; then the program's functions serve again, and nothing is
// lost. And addresses that are not what was asked for, and panics.
#include <signal.h>
#include <sys/wait.h>

#include <initializer_list>

#include "host.h"

namespace {

// ---- a little of everything; returns how many allocations failed -------------------------------

constexpr unsigned kObjects = 3000;
unsigned char* g_objects[kObjects];
std::size_t g_sizes[kObjects];

std::size_t size_for(unsigned i) {
    if (i % 1000 == 8) return 3u << 20;  // huge
    if (i % 100 == 3) return 300'000;    // a run
    if (i % 20 == 1) return 20'000;      // a medium slab
    return 16 + i % 900;
}

unsigned allocate_all() {
    unsigned failed = 0;
    for (unsigned i = 0; i < kObjects; ++i) {
        g_sizes[i] = size_for(i);
        auto* const object = static_cast<unsigned char*>(i % 3 == 0 ? emma_calloc(1, g_sizes[i])
                                                                    : emma_malloc(g_sizes[i]));
        g_objects[i] = object;
        if (object == nullptr) {
            ++failed;
            continue;
        }
        if (i % 3 == 0)
            for (std::size_t at = 0; at < g_sizes[i]; at += 61) CHECK(object[at] == 0);
        std::memset(object, static_cast<int>(i), g_sizes[i]);
    }
    return failed;
}

bool is_intact(unsigned i) {
    for (std::size_t at = 0; at < g_sizes[i]; at += 61)
        if (g_objects[i][at] != static_cast<unsigned char>(i)) return false;
    return true;
}

// Every fourth object grows; one that cannot stays as it is.
unsigned resize_some() {
    unsigned failed = 0;
    for (unsigned i = 0; i < kObjects; i += 4) {
        if (g_objects[i] == nullptr) continue;
        void* const larger = emma_realloc(g_objects[i], 2 * g_sizes[i]);
        failed += larger == nullptr;
        if (larger != nullptr) g_objects[i] = static_cast<unsigned char*>(larger);
        CHECK(is_intact(i));
    }
    return failed;
}

void free_all() {
    for (unsigned i = 0; i < kObjects; ++i) {
        if (g_objects[i] != nullptr) CHECK(is_intact(i));
        emma_free(g_objects[i]);
        g_objects[i] = nullptr;
    }
}

// A heap of its own over the program's pages. What is not taken back when it ends stays with the
// program, so not where that is refused.
bool g_with_heap = true;

unsigned use_heap() {
    if (!g_with_heap) return 0;
    emma_heap* const heap = emma_heap_create(nullptr);
    if (heap == nullptr) return 1;
    unsigned failed = 0;
    for (unsigned i = 0; i < 3000; ++i) failed += emma_heap_alloc(heap, 700, 16) == nullptr;
    CHECK(emma_heap_check(heap, print_finding, nullptr) == 0);
    emma_heap_destroy(heap);
    return failed;
}

// One object comes and goes, so that what else is free is found idle and purged.
unsigned come_and_go() {
    unsigned failed = 0;
    for (unsigned i = 0; i < 100; ++i) {
        void* const object = emma_malloc(1000000);
        failed += object == nullptr;
        emma_free(object);
    }
    return failed;
}

unsigned run_all() {
    unsigned failed = 0;
    failed += allocate_all();
    failed += resize_some();
    failed += use_heap();
    free_all();
    failed += come_and_go();
    // emma_trim tries again what was refused.
    (void)emma_trim();
    return failed;
}

void expect_whole() {
    CHECK(emma_check(print_finding, nullptr) == 0);
    struct emma_stats stats;
    emma_stats(&stats);
    CHECK(stats.live_objects == 0);
    CHECK(stats.mapped_bytes + stats.idle_bytes == host::held_bytes.load());
}

// ---- refusals ----------------------------------------------------------------------------------

// In a process of its own, as what is mapped stays. Exit status: 0, or what CHECK says.
int in_child(void (*work)()) {
    std::fflush(nullptr);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        work();
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

// What it takes to come through every call of the kind; in memory that the children share.
long* g_shared;

void run_undisturbed() {
    host::refuse_last = -1;
    CHECK(run_all() == 0);
    expect_whole();
    for (int call = 0; call < host::kCalls; ++call) g_shared[call] = host::calls[call].load();
    // All but what the heaps, tables and at most one arena hold.
    CHECK(host::held_bytes.load() < (1u << 20));
}

void run_refused() {
    const unsigned failed = run_all();
    CHECK(host::refused[host::refuse_call].load() > 0);
    host::refuse_last = -1;
    expect_whole();
    // Served again: nothing fails, and nothing is lost.
    CHECK(run_all() == 0);
    expect_whole();
    CHECK(host::held_bytes.load() < (1u << 20));
    g_shared[host::kCalls] += failed;
}

void refuse(host::Call call, long first, long last) {
    host::refuse_call = call;
    host::refuse_first = first;
    host::refuse_last = last;
    const int status = in_child(run_refused);
    if (status == 0) return;
    std::fprintf(stderr, "pages: %s refused from call %ld to %ld: status %d\n",
                 host::kCallNames[call], first, last, status);
    _exit(1);
}

void test_refusals() {
    for (int call = 0; call < host::kCalls; ++call) {
        g_with_heap = call != host::kUnmap;
        CHECK(in_child(run_undisturbed) == 0);
        CHECK(g_shared[call] >= 3);
        g_shared[host::kCalls] = 0;
        const long count = g_shared[call];
        for (long number = 1; number <= count; ++number) {
            refuse(static_cast<host::Call>(call), number, number);
            // From there on: about twenty places.
            if (number % (count / 20 + 1) == 0 || number == 1)
                refuse(static_cast<host::Call>(call), number, 1'000'000'000);
        }
        std::printf("%s: each of %ld calls refused, %ld allocations failed\n",
                    host::kCallNames[call], count, g_shared[host::kCalls]);
        // What is not given back or purged is no reason for an allocation to fail.
        CHECK((g_shared[host::kCalls] != 0) == (call == host::kMap));
    }
}

// ---- wrong addresses ---------------------------------------------------------------------------

void run_misaligned() {
    host::misaligned.store(1'000'000);
    // What is asked for at a multiple of a page still comes.
    for (const std::size_t size : {100u, 5u << 20}) {
        CHECK(emma_aligned_alloc(std::size_t{1} << 22, size) == nullptr);
        void* const object = emma_malloc(size);
        CHECK(object != nullptr);
        emma_free(object);
    }
    host::misaligned.store(0);
    CHECK(run_all() == 0);
    expect_whole();
}

// ---- panics ------------------------------------------------------------------------------------

void handle(const emma_panic*) { _exit(7); }

void run_panics() {
    void* const object = emma_malloc(100);
    emma_free(object);
    if (setjmp(host::after_panic) == 0) {
        emma_free(object);
        CHECK(!"a double free was taken");
    }
    CHECK(host::panic_kind == EMMA_PANIC_DOUBLE_FREE && host::panic_pointer == object);
    CHECK(std::strstr(host::panic_message, "double free of 0x") != nullptr);
    CHECK(std::strchr(host::panic_message, '\n') == nullptr);
    if (setjmp(host::after_panic) == 0) {
        emma_out_of_memory();
    }
    CHECK(host::panic_kind == EMMA_PANIC_OUT_OF_MEMORY);
}

void run_handler() {
    void* const object = emma_malloc(100);
    emma_free(object);
    emma_set_panic_handler(handle);
    emma_free(object);
}

void run_restored() {
    emma_set_panic_handler(handle);
    emma_set_panic_handler(nullptr);
    run_panics();
}

// A panic function that returns: the program does not go on.
void run_returning() {
    host::panic_returns = true;
    emma_out_of_memory();
}

// ---- reserved and sealed -----------------------------------------------------------------------

void run_sealed() {
    CHECK(emma_reserve(8u << 20) == 0);
    CHECK(emma_seal() == 0);
    const long before = host::calls[host::kMap].load();
    void* objects[1000];
    for (void*& object : objects) CHECK((object = emma_malloc(5000)) != nullptr);
    for (void* object : objects) emma_free(object);
    CHECK(emma_malloc(64u << 20) == nullptr);
    CHECK(host::calls[host::kMap].load() == before && host::calls[host::kUnmap].load() == 0);
    CHECK(emma_check(print_finding, nullptr) == 0);
}

}  // namespace

#if defined(SLOT_FUNCTION)
static void* g_slot;
void** emma_bare_heap_slot() noexcept { return &g_slot; }
#endif

int main() {
#if defined(SLOT_GS)
    static unsigned char block[64];
    CHECK(syscall(SYS_arch_prctl, 0x1001, block) == 0);  // ARCH_SET_GS
#endif
    g_shared = static_cast<long*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    CHECK(g_shared != MAP_FAILED);
    test_refusals();
    CHECK(in_child(run_misaligned) == 0);
    CHECK(in_child(run_panics) == 0);
    CHECK(WEXITSTATUS(in_child(run_handler)) == 7);
    CHECK(in_child(run_restored) == 0);
    const int status = in_child(run_returning);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
    CHECK(in_child(run_sealed) == 0);
    std::puts("pages: passed");
    return 0;
}
