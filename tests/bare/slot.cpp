// SPDX-License-Identifier: MIT OR Apache-2.0
// The current heap of a bare archive in a hosted program, whose threads play the processors: each
// has a word of its own (behind %gs, by the function, or thread-local), interrupts are signals. The
// same with no word at all. Built with SLOT_GS (HEAP_SLOT=gs:8), SLOT_FUNCTION, SLOT_TLS (TLS=1) or
// none.
#include <pthread.h>
#include <signal.h>

#include "host.h"

namespace {

#if defined(SLOT_GS) || defined(SLOT_FUNCTION)
constexpr bool kHasWord = true;
#else
constexpr bool kHasWord = false;
#endif
#if defined(SLOT_GS) || defined(SLOT_FUNCTION) || defined(SLOT_TLS)
constexpr bool kKeepsHeap = true;
#else
constexpr bool kKeepsHeap = false;
#endif

// What %gs points at; the word is at 8. Around it what must stay as it is.
struct Block {
    std::uintptr_t before = 0x1111;
    void* heap = nullptr;
    std::uintptr_t behind = 0x2222;
};
static_assert(offsetof(Block, heap) == 8);
thread_local Block t_block;

void be_processor() {
    t_block = {};
#if defined(SLOT_GS)
    CHECK(syscall(SYS_arch_prctl, 0x1001, &t_block) == 0);  // ARCH_SET_GS
#endif
}

struct emma_stats stats_now() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats;
}

// ---- the word ----------------------------------------------------------------------------------

void allocate_and_free(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        void* const object = emma_malloc(16 + i % 500);
        CHECK(object != nullptr);
        emma_free(object);
    }
}

void* g_heap_of_thread;

void* use_word(void*) {
    be_processor();
    CHECK(t_block.heap == nullptr);
    allocate_and_free(1);
    CHECK((t_block.heap != nullptr) == kHasWord);
    void* const heap = t_block.heap;
    const std::size_t borrowed = stats_now().borrowed_heaps;
    allocate_and_free(1000);
    // Two operations each, all by the heap in the word; or none.
    CHECK(stats_now().borrowed_heaps - borrowed == (kKeepsHeap ? 0 : 2000));
    CHECK(t_block.heap == heap);
    emma_thread_detach();
    CHECK(t_block.heap == nullptr);
    allocate_and_free(1);
    CHECK(t_block.heap == heap);  // the same one was idle
    emma_thread_detach();
    CHECK(emma_thread_attach() == 0);
    CHECK(t_block.heap == heap);
    CHECK(t_block.before == 0x1111 && t_block.behind == 0x2222);
    emma_thread_detach();
    g_heap_of_thread = heap;
    return nullptr;
}

void run(void* (*work)(void*)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, nullptr, work, nullptr) == 0);
    CHECK(pthread_join(thread, nullptr) == 0);
}

void test_word() {
    // While this thread keeps its heap the other gets one of its own, and the one after that the
    // same.
    allocate_and_free(1);
    run(use_word);
    void* const first = g_heap_of_thread;
    run(use_word);
    CHECK(g_heap_of_thread == first);
    if (!kHasWord) return;
    CHECK(first != nullptr && t_block.heap != nullptr && t_block.heap != first);
    CHECK(stats_now().adopted_heaps >= 4);
}

// ---- memory of an idle processor ---------------------------------------------------------------

std::atomic<int> g_step{0};

void await(int step) {
    while (g_step.load() < step) usleep(100);
}

// One object of every class, freed: its heap keeps a slab of each.
void* keep_slabs(void*) {
    be_processor();
    for (unsigned size = 16; size < 100'000; size += size / 8) emma_free(emma_malloc(size));
    g_step.store(1);
    await(2);
    allocate_and_free(100);
    emma_thread_detach();
    return nullptr;
}

std::size_t slab_count() {
    const struct emma_stats stats = stats_now();
    std::size_t count = 0;
    for (const emma_class_stats& of_class : stats.classes) count += of_class.slabs;
    return count;
}

void test_barrier() {
    g_step.store(0);
    pthread_t thread;
    CHECK(pthread_create(&thread, nullptr, keep_slabs, nullptr) == 0);
    await(1);
    host::has_barrier = false;
    CHECK(slab_count() > 30);
    (void)emma_trim();
    CHECK((slab_count() > 30) == kKeepsHeap);  // what another processor holds stays out of reach
    host::has_barrier = true;
    CHECK(emma_check(print_finding, nullptr) == 0);
    (void)emma_trim();
    CHECK(slab_count() == 0);
    CHECK((host::barriers.load() > 0) == kKeepsHeap);
    CHECK(emma_check(print_finding, nullptr) == 0);
    g_step.store(2);
    CHECK(pthread_join(thread, nullptr) == 0);
}

// ---- interrupts --------------------------------------------------------------------------------

constexpr int kThreads = 3;
constexpr unsigned kKept = 200;
constexpr long kOperations = 200'000;
constexpr long kInterrupts = 300;

struct Object {
    std::uint64_t stamp;
    std::size_t size;
};
std::atomic<Object*> g_shared[64];
std::atomic<long> g_handled;
std::atomic<int> g_working{0};
thread_local volatile long t_interrupts;
thread_local std::uint64_t t_random;

Object* make(std::uint64_t& random) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const std::size_t size =
        sizeof(Object) + 8 + (random >> 33) % ((random >> 60) == 0 ? 30'000 : 700);
    auto* const object = static_cast<Object*>(emma_malloc(size));
    CHECK(object != nullptr);
    *object = {random, size};
    std::memcpy(reinterpret_cast<char*>(object) + size - 8, &random, 8);
    return object;
}

void drop(Object* object) {
    if (object == nullptr) return;
    CHECK(std::memcmp(reinterpret_cast<char*>(object) + object->size - 8, &object->stamp, 8) == 0);
    emma_free(object);
}

// The handler of an interrupt: it may come anywhere, in another handler too (SA_NODEFER).
void handle(int) {
    std::uint64_t random =
        t_random ^ static_cast<std::uint64_t>(t_interrupts + 1) * 0x9e3779b97f4a7c15;
    Object* const object = make(random);
    drop(g_shared[(random >> 20) % 64].exchange(object));
    t_interrupts = t_interrupts + 1;
    g_handled.fetch_add(1);
}

void* be_interrupted(void* argument) {
    be_processor();
    t_random = reinterpret_cast<std::uintptr_t>(argument);
    Object* kept[kKept] = {};
    g_working.fetch_add(1);
    for (long i = 0; i < kOperations || t_interrupts < kInterrupts; ++i) {
        Object*& place = kept[static_cast<unsigned long>(i) % kKept];
        drop(place);
        place = make(t_random);
        if (i % 8 == 0) place = g_shared[(t_random >> 20) % 64].exchange(place);
    }
    for (Object* object : kept) drop(object);
    g_working.fetch_sub(1);
    await(3);  // so that signals still find a thread
    emma_thread_detach();
    CHECK(t_block.before == 0x1111 && t_block.behind == 0x2222);
    return nullptr;
}

void test_interrupts() {
    struct sigaction action = {};
    action.sa_handler = handle;
    action.sa_flags = SA_NODEFER;
    CHECK(sigaction(SIGUSR1, &action, nullptr) == 0);
    const std::size_t borrowed = stats_now().borrowed_heaps;
    pthread_t threads[kThreads];
    for (int i = 0; i < kThreads; ++i)
        CHECK(pthread_create(
                  &threads[i], nullptr, be_interrupted,
                  reinterpret_cast<void*>(std::uintptr_t{17} + static_cast<unsigned>(i))) == 0);
    while (g_working.load() < kThreads) usleep(100);
    while (g_working.load() > 0) {
        for (pthread_t thread : threads) {
            CHECK(pthread_kill(thread, SIGUSR1) == 0);
            if (g_working.load() == kThreads) CHECK(pthread_kill(thread, SIGUSR1) == 0);
        }
        usleep(20);
        CHECK(emma_check(print_finding, nullptr) == 0);
    }
    g_step.store(3);
    for (pthread_t thread : threads) CHECK(pthread_join(thread, nullptr) == 0);
    for (std::atomic<Object*>& place : g_shared) drop(place.exchange(nullptr));
    const struct emma_stats stats = stats_now();
    std::printf("slot: %ld interrupts, %zu operations borrowed a heap\n", g_handled.load(),
                stats.borrowed_heaps - borrowed);
    CHECK(g_handled.load() >= kThreads * kInterrupts);
    CHECK(stats.borrowed_heaps > borrowed);
    CHECK(stats.live_objects == 0);
    CHECK(emma_check(print_finding, nullptr) == 0);
    (void)emma_trim();
    CHECK(stats_now().mapped_bytes == host::held_bytes.load());
    CHECK(host::held_bytes.load() < (1u << 20));
}

}  // namespace

#if defined(SLOT_FUNCTION)
void** emma_bare_heap_slot() noexcept { return &t_block.heap; }
#endif

int main() {
    alarm(100);
    be_processor();
    test_word();
    test_barrier();
    test_interrupts();
    std::puts("slot: passed");
    return 0;
}
