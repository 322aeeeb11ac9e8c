// SPDX-License-Identifier: MIT OR Apache-2.0
// The program that tests/scripts/gdb.sh stops and looks at: objects of every kind, a second thread
// that has freed one of the first, and a heap of its own. Without a libc, or with one (HOSTED)
// under the preload library.
#include <atomic>
#include <cstddef>

#if HOSTED
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>
#define emma_malloc malloc
#define emma_free free
#else
#include <emma.h>
#include <emma_crt.h>
#endif

extern "C" {
void *g_live, *g_inside, *g_free, *g_never, *g_remote, *g_run, *g_huge, *g_freed_run, *g_own,
    *g_misaligned;
volatile int g_value;

[[gnu::noinline]] void stop_here() { asm volatile("" ::: "memory"); }

// valgrind complains of this one.
[[gnu::noinline]] void depend_on(const volatile char* object) {
    if (object[5] != 0) g_value = 1;
}
}

static std::atomic<bool> g_ready{false};

static void* other_thread(void*) {
    for (int i = 0; i < 50; ++i)
        if (emma_malloc(200) == nullptr) return nullptr;
    emma_free(g_remote);
    g_ready.store(true);
    for (;;)
#if HOSTED
        pause();
#else
        (void)emma_syscall(34);  // pause(2)
#endif
}

int main(int argc, char**) {
    static void* all[100];
    for (void*& object : all) object = emma_malloc(96);
    if (argc > 1) {  // under valgrind
        volatile char uninitialised[16];
        asm volatile("" : : "r"(uninitialised));
        depend_on(uninitialised);
        return 0;
    }
    g_live = all[10];
    g_inside = static_cast<char*>(all[10]) + 40;
    g_free = all[11];
    emma_free(all[11]);
    g_remote = all[12];
    g_never = static_cast<char*>(all[0]) + std::size_t{96} * 600;
    g_run = emma_malloc(300000);
    g_freed_run = emma_malloc(200000);
    g_huge = emma_malloc(9000000);
#if HOSTED
    pthread_t thread;
    if (pthread_create(&thread, nullptr, other_thread, nullptr) != 0) return 1;
#else
    emma_heap* const heap = emma_heap_create(nullptr);
    g_own = emma_heap_alloc(heap, 5000, 16);
    emma_thread* thread;
    if (emma_thread_create(&thread, nullptr, other_thread, nullptr) != 0) return 1;
#endif
    while (!g_ready.load()) {
    }
    emma_free(g_freed_run);
    stop_here();
    return 0;
}
