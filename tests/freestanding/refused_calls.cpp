// SPDX-License-Identifier: MIT OR Apache-2.0
// A sandbox may refuse any call of the published list with any errno, at any time. Each line of the
// list x each of five errors x always, once, from the n-th call on: a process under a real filter
// works with threads, forks and trims. Whatever is refused, no object changes under its user's
// hands, every invariant holds, and allocations fail only if memory is what is refused. "Once" and
// "from the n-th on" are decided by a second process (seccomp_unotify(2)).
//
//   refused_calls [LINE [ERROR]]       all; or only one line of the list, from 0 on
//
// TEST-LIMIT: 120
// TEST-KIND: static
// TEST-ONCE: the kernel's part is the same for each, and the processes are many
// TEST-QEMU: no, because the emulation of user mode has no seccomp filters
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/process.h"

#include <emma_crt.h>
#include <emma_seccomp.h>
#include <cstddef>
#include <cstdint>

#include <asm/ioctl.h>
#include <asm/poll.h>
#include <linux/seccomp.h>

namespace {

constexpr int kErrors[] = {1, 38, 22, 12, 11};  // EPERM, ENOSYS, EINVAL, ENOMEM, EAGAIN
enum class When : std::uint32_t { kAlways, kOnce, kFrom };
constexpr When kWhens[] = {When::kAlways, When::kOnce, When::kFrom};

struct Refusal {
    const emma_seccomp_rule* rule;
    int error;
    When when;
    std::uint64_t nth;  // the call that is the one, or the first, from 1 on
};

// ---- the work, in the process under the filter

constexpr std::size_t kThreads = 3, kOwn = 24, kCommon = 32, kRounds = 60;

struct Shared {
    std::uint64_t* object;  // its first word is its size, the others say which object it is
};
Shared g_common[kCommon];  // exchanged from thread to thread
unsigned g_refused_number;
bool g_may_fail;  // what is refused is memory

void fill(std::uint64_t* object, std::size_t size, std::uint64_t tag) {
    object[0] = size;
    object[1] = tag;
    test_fill(object + 2, size - 16, tag);
}
void verify_and_free(std::uint64_t* object) {
    if (object == nullptr) return;
    CHECK(test_verify(object + 2, object[0] - 16, object[1]));
    emma_free(object);
}
std::uint64_t* make(test_random& random) {
    const std::uint64_t kind = test_below(&random, 200);
    std::size_t size = 16 + test_below(&random, 700);
    if (kind < 4) size = 20000 + test_below(&random, 20000);
    if (kind == 4) size = 4500000;
    auto* const object = static_cast<std::uint64_t*>(emma_malloc(size));
    CHECK(object != nullptr || g_may_fail);
    if (object != nullptr) fill(object, size, test_next(&random));
    return object;
}
std::uint64_t* resize(test_random& random, std::uint64_t* object) {
    if (object == nullptr) return nullptr;
    const std::size_t held = object[0];
    const std::size_t size = held / 2 + 16 + test_below(&random, held);
    const std::uint64_t tag = object[1];
    auto* const moved = static_cast<std::uint64_t*>(emma_realloc(object, size));
    CHECK(moved != nullptr || g_may_fail);
    if (moved == nullptr) return object;
    const std::size_t kept = (size < held ? size : held) - 16;
    CHECK(test_verify_part(moved + 2, held - 16, kept < 256 ? kept : 256, tag));
    fill(moved, size, tag);
    return moved;
}

// One user of the allocator; its objects outlive a round of work.
struct Worker {
    test_random random;
    std::uint64_t* own[kOwn];

    void work() {
        for (std::size_t i = 0; i < kRounds; i++) {
            std::uint64_t*& place = own[test_below(&random, kOwn)];
            verify_and_free(place);
            place = make(random);
            if (i % 16 == 0) place = resize(random, place);
            if (i % 8 == 0)
                place = __atomic_exchange_n(&g_common[test_below(&random, kCommon)].object, place,
                                            __ATOMIC_ACQ_REL);
        }
    }
    void free_all() {
        for (std::uint64_t*& object : own) {
            verify_and_free(object);
            object = nullptr;
        }
    }
};

// Of a group of threads; waited for without futex(2), which may be what is refused.
std::uint32_t g_arrived, g_may_go_on;

void wait_for(const std::uint32_t& word, std::uint32_t value) {
    constexpr long kPause[2] = {0, 30000};  // s, ns
    while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) != value)
        emma_syscall(__NR_nanosleep, kPause, 0L);
}

void* work_in_thread(void* argument) {
    const auto seed = reinterpret_cast<std::uintptr_t>(argument);
    Worker worker{{seed | 1}, {}};
    worker.work();
    __atomic_fetch_add(&g_arrived, 1, __ATOMIC_RELEASE);
    // All are at work, and each has a heap, before one ends.
    wait_for(g_may_go_on, 1);
    worker.work();
    worker.free_all();
    if (seed % 3 == 0) process::end_thread();  // its heap is left to others
    return nullptr;
}

// Threads that cannot be made are none; as many as there are work at the same time.
void work_in_threads(std::uint64_t seed) {
    g_may_go_on = 0;
    Worker worker{{seed | 1}, {}};
    emma_thread* threads[kThreads] = {};
    std::uint32_t count = 0;
    g_arrived = 0;
    for (std::size_t i = 0; i < kThreads; i++) {
        const emma_thread_options detached = {0, EMMA_THREAD_DETACHED};
        count += emma_thread_create(i == 1 ? nullptr : &threads[i], i == 1 ? &detached : nullptr,
                                    work_in_thread, reinterpret_cast<void*>(seed * 6 + i)) == 0;
        worker.work();
    }
    while (__atomic_load_n(&g_arrived, __ATOMIC_ACQUIRE) != count) emma_syscall(__NR_sched_yield);
    struct emma_stats stats;
    emma_stats(&stats);
    CHECK(stats.heaps > count || g_may_fail || EMMA_TLS == 0);
    (void)emma_trim();
    test_check_all();
    __atomic_store_n(&g_may_go_on, 1, __ATOMIC_RELEASE);
    worker.work();
    for (emma_thread* thread : threads)
        if (thread != nullptr) CHECK(emma_thread_join(thread, nullptr) == 0);
    worker.free_all();
}

// A huge object grows in place, then where another is in the way, and shrinks.
void resize_huge() {
    constexpr std::size_t kFirst = 5 << 20, kSizes[] = {7 << 20, 13 << 20, 6 << 20};
    void* object = emma_malloc(kFirst);
    void* const behind = emma_malloc(kFirst);
    CHECK((object != nullptr && behind != nullptr) || g_may_fail);
    if (object != nullptr) test_fill(object, 256, 9);
    for (const std::size_t size : kSizes) {
        if (object == nullptr) break;
        void* const moved = emma_realloc(object, size);
        CHECK(moved != nullptr || g_may_fail);
        if (moved != nullptr) object = moved;
        CHECK(test_verify_part(object, 256, 256, 9));
    }
    emma_free(object);
    emma_free(behind);
}

void free_common() {
    for (Shared& shared : g_common)
        verify_and_free(__atomic_exchange_n(&shared.object, nullptr, __ATOMIC_ACQ_REL));
}

void live_as_child() {
    process::limit_time(20);
    work_in_threads(77);
    struct emma_stats stats;
    emma_stats(&stats);
    (void)emma_trim();
    test_check_all();
    if (g_refused_number != __NR_madvise) return;
    CHECK(emma_reserve(100000) == 0);  // populates pages, which takes long
    Worker worker{{5}, {}};
    worker.work();
    worker.free_all();
    test_check_all();
}

[[noreturn]] void live(bool through_clone) {
    work_in_threads(7);
    const long child = process::fork_process(through_clone);
    if (child == 0) {
        live_as_child();
        process::end_process(0);
    }
    CHECK(process::wait_for_process(child) == 0);
    work_in_threads(8);
    resize_huge();
    free_common();
    (void)emma_trim();
    test_check_all();
    process::end_process(0);
}

// ---- the filter

int install(const Refusal& refusal) {
    static emma_seccomp_instruction room[EMMA_SECCOMP_ROOM];
    emma_seccomp_filter filter;
    emma_seccomp_begin(&filter, room, EMMA_SECCOMP_ROOM);
    const bool is_always = refusal.when == When::kAlways;
    const std::uint32_t action = is_always
                                     ? SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(refusal.error)
                                     : SECCOMP_RET_USER_NOTIF;
    std::size_t count = 0;
    while (count < 6 && refusal.rule->checks[count].mask != 0) count++;
    CHECK(emma_seccomp_add(&filter, static_cast<long>(refusal.rule->number), refusal.rule->checks,
                           count, action) == 0);
    CHECK(emma_seccomp_end(&filter, EMMA_SECCOMP_ALLOW) == 0);
    if (is_always) return -emma_seccomp_install(&filter, 0);
    emma_syscall(__NR_prctl, 38L, 1L, 0L, 0L, 0L);
    return static_cast<int>(emma_syscall(__NR_seccomp, long{SECCOMP_SET_MODE_FILTER},
                                         long{SECCOMP_FILTER_FLAG_NEW_LISTENER}, &filter));
}

struct Channel {  // between a process under a filter and the one that decides
    int listener;
};
Channel* g_channel;

// Decides until all processes under the filter have ended; how many calls came.
std::uint64_t decide(int listener, const Refusal& refusal) {
    std::uint64_t calls = 0;
    for (;;) {
        pollfd poll = {listener, POLLIN, 0};
        const long ready = emma_syscall(__NR_poll, &poll, 1L, 20000L);
        if (ready == -4) continue;
        CHECK(ready == 1);
        if ((poll.revents & POLLIN) == 0) return calls;
        seccomp_notif call = {};
        if (emma_syscall(__NR_ioctl, long{listener}, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
            continue;  // it is gone again
        calls++;
        const bool refuses =
            refusal.when == When::kOnce ? calls == refusal.nth : calls >= refusal.nth;
        seccomp_notif_resp answer = {};
        answer.id = call.id;
        answer.error = refuses ? -refusal.error : 0;
        answer.flags = refuses ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        (void)emma_syscall(__NR_ioctl, long{listener}, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

// The status of a process that lives under the refusal, and how many calls were decided on. Its
// descriptors are this one's.
int live_under(const Refusal& refusal, std::uint64_t& calls) {
    constexpr long kCloneFiles = 0x400;
    g_channel->listener = 0;
    const long child = emma_syscall(__NR_clone, kCloneFiles | SIGCHLD, 0L, 0L, 0L, 0L);
    CHECK(child >= 0);
    if (child == 0) {
        process::limit_time(20);
        g_refused_number = refusal.rule->number;
        g_may_fail = g_refused_number == __NR_mmap;
        const int listener = install(refusal);
        if (listener < 0) process::end_process(77);
        if (refusal.when != When::kAlways)
            __atomic_store_n(&g_channel->listener, listener, __ATOMIC_RELEASE);
        live(refusal.nth % 2 == 0);
    }
    if (refusal.when != When::kAlways) {
        while (__atomic_load_n(&g_channel->listener, __ATOMIC_ACQUIRE) == 0)
            emma_syscall(__NR_sched_yield);
        const int listener = g_channel->listener;
        calls = decide(listener, refusal);
        emma_syscall(__NR_close, long{listener});
    }
    return process::wait_for_process(child);
}

// What ends a thread or the process cannot be refused for ever: it is asked for again and again.
bool is_an_end(unsigned number) { return number == __NR_exit || number == __NR_exit_group; }
bool comes_before_main(const emma_seccomp_rule& rule) { return rule.groups == EMMA_SECCOMP_START; }

}  // namespace

int main(int argc, char** argv) {
    g_channel = static_cast<Channel*>(process::map_shared(sizeof(Channel)));
    std::size_t count;
    const emma_seccomp_rule* const rules = emma_seccomp_rules(&count);
    const std::uint64_t only_rule = test_argument(argc, argv, 1, count);
    const std::uint64_t only_error = test_argument(argc, argv, 2, 0);
    std::size_t tries = 0, failures = 0;
    for (std::size_t i = 0; i < count; i++) {
        if (comes_before_main(rules[i]) || (only_rule != count && only_rule != i)) continue;
        std::uint64_t nth = 0, calls = 0, most_calls = 0;
        for (const int error : kErrors) {
            nth++;
            for (const When when : kWhens) {
                if (only_error != 0 && only_error != static_cast<std::uint64_t>(error)) continue;
                if (is_an_end(rules[i].number) && when != When::kOnce) continue;
                tries++;
                const int status = live_under({&rules[i], error, when, nth}, calls);
                if (calls > most_calls) most_calls = calls;
                if (status == 0) continue;
                failures++;
                test_print(rules[i].shape);
                test_report(": line of the list", i);
                test_report("  error", static_cast<unsigned>(error));
                test_report("  0 always, 1 once, 2 from there on", static_cast<unsigned>(when));
                test_report("  from call", nth);
                test_report("  wait status", static_cast<unsigned>(status));
            }
        }
        // This work makes each call of the list, but those of a panic and the wait for a static
        // object; and without heaps of threads nothing is asked about threads.
        CHECK(most_calls != 0 || EMMA_TLS == 0 || rules[i].number == __NR_write ||
              rules[i].number == __NR_futex || rules[i].number == __NR_rt_sigprocmask);
    }
    test_report("refusals tried", tries);
    CHECK(tries != 0);
    return failures != 0;
}
