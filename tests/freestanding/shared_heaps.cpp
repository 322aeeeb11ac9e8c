// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps that processes share: made, inherited by a fork, attached to by a program that was started
// anew (its code is at other addresses), refused where they must be. And a storm: processes with
// threads exchange objects through one table, a parent kills one after the other at random, takes
// back what it was at work in, and starts another in its place.
//
// Arguments: how many are killed, the seed.
//
// TEST-LIMIT: 120
// TEST-QEMU: no, because a program that it starts runs outside of it
#include "tests/freestanding/process.h"

#include <emma.h>
#include <initializer_list>

extern "C" int* __errno_location();

namespace {

constexpr int kNotPermitted = 1, kInvalid = 22;
constexpr std::size_t kRegionBytes = std::size_t{96} << 20;
constexpr std::uintptr_t kPlace = std::uintptr_t{3} << 40;  // where nothing else is

emma_heap_options options_for(void* region, std::size_t bytes) {
    emma_heap_options options{};
    options.region = region;
    options.region_bytes = bytes;
    options.is_shared = true;
    return options;
}

// `file`: a file's descriptor, or -1.
unsigned char* map_at(std::uintptr_t place, std::size_t bytes, long file) {
    // PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, MAP_ANONYMOUS
    const long pages =
        emma_syscall(__NR_mmap, place, bytes, 3L, 0x100001L | (file < 0 ? 0x20 : 0), file, 0L);
    CHECK(pages == static_cast<long>(place));
    return reinterpret_cast<unsigned char*>(pages);
}
void unmap(void* pages, std::size_t bytes) { emma_syscall(__NR_munmap, pages, bytes); }

void check_heap(emma_heap* heap) {
    CHECK(emma_heap_check(
              heap, [](void*, const char* text, std::size_t length) { test_write(text, length); },
              nullptr) == 0);
}

// ---- what is refused ---------------------------------------------------------------------------

template <typename Call>
void refused(Call call, int error) {
    *__errno_location() = 0;
    CHECK(call() == nullptr);
    CHECK(*__errno_location() == error);
}

void refusals() {
    constexpr std::size_t kBytes = std::size_t{1} << 20;
    unsigned char* const region = map_at(kPlace, kBytes, -1);
    refused([&] { return emma_heap_attach(region, kBytes, 1); }, kInvalid);  // there is none
    refused([&] { return emma_heap_attach(nullptr, kBytes, 1); }, kInvalid);
    emma_heap_options options = options_for(nullptr, 0);
    refused([&] { return emma_heap_create(&options); }, kInvalid);
    std::size_t least = 0;
    options = options_for(region, EMMA_HEAP_LEAST_SHARED_REGION - 1);
    options.least_bytes = &least;
    refused([&] { return emma_heap_create(&options); }, kInvalid);
    CHECK(least == EMMA_HEAP_LEAST_SHARED_REGION);
    options.region_bytes = least;
    emma_heap* heap = emma_heap_create(&options);
    CHECK(heap != nullptr && emma_heap_alloc(heap, 100, 16) != nullptr);
    emma_heap_destroy(heap);

    options = options_for(region, kBytes);
    heap = emma_heap_create(&options);
    CHECK(heap != nullptr);
    CHECK(emma_heap_attach(region, kBytes, 0) == heap);
    refused([&] { return emma_heap_attach(region, kBytes, 256); }, kInvalid);
    refused([&] { return emma_heap_attach(region, kBytes - 4096, 0); }, kInvalid);
    refused([&] { return emma_heap_attach(region + 4096, kBytes - 4096, 0); }, kInvalid);
    void* const object = emma_heap_alloc(heap, 1000, 16);
    CHECK(emma_heap_recover(heap, 0) == 0 && emma_heap_recover(heap, 300) == 0);
    CHECK(emma_heap_recover(heap, 7) == 0);
    // For this process it ends; for one that attaches later, it is what it was.
    emma_heap_destroy(heap);
    CHECK(emma_heap_attach(region, kBytes, 0) == heap);
    CHECK(emma_heap_owns(heap, object));
    check_heap(heap);
    emma_heap_destroy(heap);
    unmap(region, kBytes);
    // One that is not shared has nothing to recover.
    heap = emma_heap_create(nullptr);
    CHECK(emma_heap_recover(heap, 1) == 0);
    emma_heap_destroy(heap);
}

// After the seal a page of one's own is not to be had.
void sealed() {
    constexpr std::size_t kBytes = std::size_t{1} << 20;
    if (const long child = process::fork_process(false)) {
        CHECK(process::wait_for_process(child) == 0);
        return;
    }
    unsigned char* const region = map_at(kPlace, kBytes, -1);
    const emma_heap_options options = options_for(region, kBytes);
    CHECK(emma_seal() == 0);
    refused([&] { return emma_heap_create(&options); }, kNotPermitted);
    process::end_process(0);
}

// ---- a program that is started anew ------------------------------------------------------------

struct Node {
    Node* next;
    std::uint64_t value;
    unsigned char bytes[200];
};
struct List {
    Node* first;
    std::uint64_t count;
    emma_heap* heap;
    void* function;  // an address of the code of whoever made the list
};

void push(emma_heap* heap, List* list) {
    auto* const node = static_cast<Node*>(emma_heap_alloc(heap, sizeof(Node), 16));
    CHECK(node != nullptr);
    node->next = list->first;
    node->value = list->count++;
    test_fill(node->bytes, sizeof node->bytes, node->value);
    list->first = node;
}
void verify(const List* list) {
    std::uint64_t count = list->count;
    for (const Node* node = list->first; node != nullptr; node = node->next) {
        CHECK(node->value == --count);
        CHECK(test_verify(node->bytes, sizeof node->bytes, node->value));
    }
    CHECK(count == 0);
}

// The list is the heap's first object, so both know where it is.
List* find_list(emma_heap* heap) {
    List* found = nullptr;
    emma_heap_walk(
        heap,
        [](void* context, void* object, std::size_t bytes) {
            if (bytes == sizeof(List)) *static_cast<List**>(context) = static_cast<List*>(object);
            return bytes != sizeof(List);
        },
        &found);
    CHECK(found != nullptr);
    return found;
}

int be_started_anew(long file) {
    unsigned char* const region = map_at(kPlace, kRegionBytes, file);
    emma_heap* const heap = emma_heap_attach(region, kRegionBytes, 1);
    CHECK(heap != nullptr);
    List* const list = find_list(heap);
    CHECK(list->heap == heap);
    verify(list);
    for (int i = 0; i < 20000; i++) push(heap, list);
    Node* const first = list->first;  // of this process; the last is the other's
    list->first = first->next;
    list->count--;
    emma_heap_free(heap, first);
    void* const large = emma_heap_alloc(heap, 5 << 20, 4096);
    CHECK(large != nullptr);
    emma_heap_free(heap, large);
    check_heap(heap);
    return list->function == reinterpret_cast<void*>(be_started_anew) ? 2 : 3;
}

void start_anew(char** envp) {
    const long file = emma_syscall(__NR_memfd_create, "heap", 0L);
    CHECK(file >= 0 && emma_syscall(__NR_ftruncate, file, kRegionBytes) == 0);
    unsigned char* const region = map_at(kPlace, kRegionBytes, file);
    const emma_heap_options options = options_for(region, kRegionBytes);
    emma_heap* const heap = emma_heap_create(&options);
    CHECK(heap != nullptr);
    // Opaque, as the compiler knows of no other process that could find and change it.
    auto* const list =
        static_cast<List*>(test_opaque_pointer(emma_heap_alloc_zeroed(heap, sizeof(List), 16)));
    list->heap = heap;
    list->function = reinterpret_cast<void*>(be_started_anew);
    for (int i = 0; i < 5000; i++) push(heap, list);
    const long child = process::fork_process(false);
    if (child == 0) {
        char number[] = {'0', static_cast<char>('0' + file), '\0'};
        char name[] = "again", word[] = "attach";
        char* const arguments[] = {name, word, number, nullptr};
        emma_syscall(__NR_execve, "/proc/self/exe", arguments, envp);
        process::end_process(1);
    }
    const int status = process::wait_for_process(child);
    CHECK(status == 2 << 8 || status == 3 << 8);
    test_report("code at the same address", status == 2 << 8);
    verify(list);
    CHECK(list->count == 24999);
    for (int i = 0; i < 1000; i++) push(heap, list);
    while (Node* const node = list->first) {
        list->first = node->next;
        emma_heap_free(heap, node);
    }
    CHECK(emma_heap_recover(heap, 1) == 0);
    check_heap(heap);
    emma_heap_destroy(heap);
    unmap(region, kRegionBytes);
    emma_syscall(__NR_close, file);
}

// ---- the storm ---------------------------------------------------------------------------------

constexpr unsigned kProcesses = 3, kThreads = 2;
constexpr std::size_t kPlaces = 512;
constexpr std::uint64_t kAtLeast = 100000;  // operations of the parent, too

struct Header {
    std::uint64_t size, tag;
};
struct Table {
    Header* places[kPlaces];
    std::uint64_t operations;
    std::uint64_t has_ended;
};
Table* g_table;
emma_heap* g_heap;

std::size_t some_size(test_random* random) {
    const std::uint64_t kind = test_below(random, 10000);
    const std::size_t most = kind < 8000   ? 400
                             : kind < 9900 ? 6000
                             : kind < 9998 ? 200000
                                           : 3 << 20;
    return sizeof(Header) + test_below(random, most);
}

void verify_object(const Header* object) {
    CHECK(test_verify(object + 1, object->size - sizeof(Header), object->tag));
}

// Puts a fresh object, or none, where another was, and frees or resizes that.
void exchange(test_random* random) {
    Header* fresh = nullptr;
    if (test_below(random, 5) != 0) {
        const std::size_t size = some_size(random);
        fresh = static_cast<Header*>(emma_heap_alloc(g_heap, size, 16));
        if (fresh != nullptr) {
            *fresh = {size, test_next(random)};
            test_fill(fresh + 1, size - sizeof(Header), fresh->tag);
        }
    }
    Header* old =
        __atomic_exchange_n(&g_table->places[test_below(random, kPlaces)], fresh, __ATOMIC_ACQ_REL);
    __atomic_fetch_add(&g_table->operations, 1, __ATOMIC_RELAXED);
    if (old == nullptr) return;
    verify_object(old);
    if (test_below(random, 10) == 0) {
        const std::size_t size = some_size(random);
        auto* const moved = static_cast<Header*>(emma_heap_resize(g_heap, old, 16, size));
        if (moved != nullptr) {
            CHECK(moved->tag == old->tag || moved != old);
            const std::size_t kept = moved->size < size ? moved->size : size;
            CHECK(test_verify_part(moved + 1, moved->size - sizeof(Header), kept - sizeof(Header),
                                   moved->tag));
            old = moved;
        }
    }
    emma_heap_free(g_heap, old);
    const std::uint64_t kind = test_below(random, 3000);
    if (kind == 0) (void)emma_heap_trim(g_heap);
    if (kind == 1) check_heap(g_heap);
}

void* exchange_until_end(void* seed) {
    test_random random = {reinterpret_cast<std::uintptr_t>(seed)};
    while (__atomic_load_n(&g_table->has_ended, __ATOMIC_ACQUIRE) == 0) exchange(&random);
    return nullptr;
}

long start_process(unsigned number, std::uint64_t seed) {
    const long child = process::fork_process(false);
    if (child != 0) return child;
    process::limit_time(110);
    CHECK(emma_heap_attach(reinterpret_cast<void*>(kPlace), kRegionBytes, number) == g_heap);
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, nullptr, exchange_until_end,
                             reinterpret_cast<void*>(seed * 2 + 1)) == 0);
    exchange_until_end(reinterpret_cast<void*>(seed * 4 + 3));
    CHECK(emma_thread_join(thread, nullptr) == 0);
    process::end_process(0);
}

void storm(std::uint64_t kills, test_random* random) {
    unsigned char* const region = map_at(kPlace, kRegionBytes, -1);
    const emma_heap_options options = options_for(region, kRegionBytes);
    g_heap = emma_heap_create(&options);
    CHECK(g_heap != nullptr);
    g_table = static_cast<Table*>(process::map_shared(sizeof(Table)));
    struct emma_stats stats;
    emma_heap_stats(g_heap, &stats);
    const std::size_t idle_at_first = stats.idle_bytes;
    long children[kProcesses];
    for (unsigned i = 0; i < kProcesses; i++) children[i] = start_process(i + 1, test_next(random));
    std::uint64_t own = 0;
    for (std::uint64_t kill = 0; kill < kills || own < kAtLeast; own++) {
        exchange(random);
        if (own % 100 != 0 || kill == kills) continue;
        const auto victim = static_cast<unsigned>(test_below(random, kProcesses));
        // Not before it has come to work, which takes a few milliseconds.
        const long pause[2] = {0, static_cast<long>(test_below(random, 3000000))};
        emma_syscall(__NR_nanosleep, pause, 0L);
        emma_syscall(__NR_kill, children[victim], 9L);
        CHECK(process::wait_for_process(children[victim]) == 9);
        (void)emma_heap_recover(g_heap, victim + 1);
        check_heap(g_heap);
        children[victim] = start_process(victim + 1, test_next(random));
        kill++;
    }
    __atomic_store_n(&g_table->has_ended, 1, __ATOMIC_RELEASE);
    for (const long child : children) CHECK(process::wait_for_process(child) == 0);
    for (Header* object : g_table->places) {
        if (object == nullptr) continue;
        verify_object(object);
        emma_heap_free(g_heap, object);
    }
    check_heap(g_heap);
    (void)emma_heap_trim(g_heap);
    emma_heap_stats(g_heap, &stats);
    const std::size_t lost = emma_heap_recover(g_heap, 99);
    test_report("killed", kills);
    test_report("operations", g_table->operations);
    test_report("objects that killed processes held", stats.live_objects);
    test_report("their bytes", stats.live_bytes);
    test_report("bytes that nothing leads to", lost);
    test_report("stranded heaps", stats.stranded_heaps);
    // A thread of a killed process has at most an old object, a fresh one, and one in a resize.
    CHECK(stats.live_objects <= kills * kThreads * 3);
    CHECK(stats.stranded_heaps == 0);
    CHECK(lost <= kills * kThreads * (std::size_t{4} << 20));
    CHECK(stats.idle_bytes <= idle_at_first);
    emma_heap_destroy(g_heap);
}

}  // namespace

int main(int argc, char** argv, char** envp) {
    if (argc == 3 && argv[1][0] == 'a')
        return be_started_anew(static_cast<long>(test_argument(argc, argv, 2, 0)));
    const std::uint64_t kills = test_argument(argc, argv, 1, 60);
    std::uint64_t seed = test_argument(argc, argv, 2, 0);
    if (seed == 0) seed = *reinterpret_cast<const std::uint64_t*>(emma_getauxval(25)) >> 16 | 1;
    test_report("seed", seed);
    test_random random = {seed};
    refusals();
    sealed();
    start_anew(envp);
    storm(kills, &random);
    return 0;
}
