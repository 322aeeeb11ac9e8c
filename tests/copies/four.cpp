// SPDX-License-Identifier: MIT OR Apache-2.0
// Four allocators in one program: Emma, two copies of hers with other prefixes (one of another
// compiler, with CHECKS=1), and the libc's. Threads use all four at once and hand objects to each
// other; then every allocator is given a pointer of every other one, in a child process that must
// die with the exact line. Linked and run by tests/scripts/copies.sh.
#include <emma.hpp>
#include <one_emma.hpp>
#include <two_emma.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Allocator {
    const char* name;
    void* (*allocate)(std::size_t alignment, std::size_t size);
    void* (*resize)(void*, std::size_t);
    void (*free)(void*);
    bool (*owns)(const void*);
    bool may_fault;  // the default build may die by reading an arena header that is not there
};

constexpr int kAllocators = 4;
const Allocator kAll[kAllocators] = {
    {"emma", emma_aligned_alloc, emma_realloc, emma_free, emma_owns, true},
    {"one_emma", one_emma_aligned_alloc, one_emma_realloc, one_emma_free, one_emma_owns, true},
    {"two_emma", two_emma_aligned_alloc, two_emma_realloc, two_emma_free, two_emma_owns, false},
    {"libc", std::aligned_alloc, std::realloc, std::free, nullptr, false},
};

int g_failed;
int g_refused;

void expect(bool holds, const std::string& what) {
    if (holds) return;
    std::printf("does not hold: %s\n", what.c_str());
    g_failed = 1;
}

// ---- all four at work --------------------------------------------------------------------------

struct Object {
    const Allocator* from;
    unsigned char* bytes;
    std::size_t size;
    unsigned char value;
};

constexpr int kThreads = 4;
constexpr int kShelf = 256;
std::atomic<Object*> g_shelf[kShelf];
std::atomic<int> g_damaged;

bool is_intact(const Object& object) {
    for (std::size_t i = 0; i < object.size; i++)
        if (object.bytes[i] != object.value) return false;
    for (const Allocator& allocator : kAll)
        if (allocator.owns && allocator.owns(object.bytes) != (&allocator == object.from))
            return false;
    return true;
}

void end(Object* object) {
    if (object == nullptr) return;
    if (!is_intact(*object)) g_damaged++;
    object->from->free(object->bytes);
    delete object;
}

void traffic(unsigned seed) {
    const auto random = [&seed](unsigned below) {
        seed = seed * 1664525 + 1013904223;
        return (seed >> 8) % below;
    };
    for (int step = 0; step < 40000; step++) {
        const Allocator& from = kAll[random(kAllocators)];
        const std::size_t size = random(100) == 0 ? random(300000) : 1 + random(2000);
        auto* object = new Object{&from, nullptr, size, static_cast<unsigned char>(step)};
        object->bytes = static_cast<unsigned char*>(from.allocate(16, size));
        std::memset(object->bytes, object->value, size);
        if (random(8) == 0) {
            object->size += random(1000);
            object->bytes = static_cast<unsigned char*>(from.resize(object->bytes, object->size));
            std::memset(object->bytes, object->value, object->size);
        }
        end(g_shelf[random(kShelf)].exchange(object));
    }
    emma_thread_detach();
    one_emma_thread_detach();
    two_emma_thread_detach();
}

void all_at_once() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; i++) threads.emplace_back(traffic, i + 1);
    for (std::thread& thread : threads) thread.join();
    for (std::atomic<Object*>& place : g_shelf) end(place.exchange(nullptr));
    expect(g_damaged == 0, "every object is whole and its own allocator's alone");
    struct emma_stats plain;
    struct one_emma_stats one;
    struct two_emma_stats two;
    emma_stats(&plain);
    one_emma_stats(&one);
    two_emma_stats(&two);
    std::printf("live objects at the end: emma %zu, one_emma %zu, two_emma %zu\n",
                plain.live_objects, one.live_objects, two.live_objects);
    expect(plain.live_objects + one.live_objects + two.live_objects == 0, "nothing stays live");
    expect(plain.heaps > 1 && one.heaps > 1 && two.heaps > 1, "each copy had heaps of its own");
}

void containers() {
    std::vector<int, emma::Allocator<int>> plain(1000, 1);
    std::vector<int, one_emma::Allocator<int>> one(1000, 2);
    std::map<int, int, std::less<>, two_emma::Allocator<std::pair<const int, int>>> two;
    for (int i = 0; i < 1000; i++) two[i] = i;
    expect(emma_owns(plain.data()) && !one_emma_owns(plain.data()) && !two_emma_owns(plain.data()),
           "a vector on emma is emma's alone");
    expect(one_emma_owns(one.data()) && !emma_owns(one.data()), "a vector on one_emma is hers");
    expect(two_emma_owns(&*two.begin()) == false && two[999] == 999, "a map on two_emma");
}

// ---- what is not mine --------------------------------------------------------------------------

// What a child that runs free(pointer) says on descriptor 2, and how it ends.
std::string last_words(void (*free)(void*), void* pointer, int& status) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) std::exit(2);
    const pid_t child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], STDERR_FILENO);
        free(pointer);
        _exit(0);
    }
    close(pipe_ends[1]);
    std::string words;
    char part[256];
    for (ssize_t n; (n = read(pipe_ends[0], part, sizeof part)) > 0;)
        words.append(part, static_cast<std::size_t>(n));
    close(pipe_ends[0]);
    waitpid(child, &status, 0);
    return words;
}

void refuse(const Allocator& mine, const Allocator& theirs, void* pointer, bool may_fault) {
    int status = 0;
    const std::string words = last_words(mine.free, pointer, status);
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    char expected[64];
    std::snprintf(expected, sizeof expected, "emma: invalid pointer %p\n", pointer);
    const bool is_named = mine.owns == nullptr
                              ? signal == SIGABRT && words == "free(): invalid pointer\n"
                              : signal == SIGILL && words == expected;
    const bool is_fault = (signal == SIGSEGV || signal == SIGBUS) && words.empty();
    g_refused++;
    expect(is_named || (may_fault && is_fault), std::string(mine.name) + " refuses a pointer of " +
                                                    theirs.name + ", signal " +
                                                    std::to_string(signal) + ", says: " + words);
}

// In the default build a pointer of the libc's may fault; one at a multiple of an arena is looked
// up before anything is read, and a copy of Emma has a header where the other looks for one.
void emma_refuses(const Allocator& mine, const Allocator& theirs) {
    for (const std::size_t size : {24, 1000, 20000, 200000, 5000000}) {
        for (const std::size_t alignment : {16, 4 << 20}) {
            void* const pointer = theirs.allocate(alignment, size);
            refuse(mine, theirs, pointer,
                   mine.may_fault && theirs.owns == nullptr && alignment == 16);
            theirs.free(pointer);
        }
    }
}

// The libc takes what lies before the pointer for a size: here an object of zeros.
void libc_refuses(const Allocator& libc, const Allocator& theirs) {
    std::map<unsigned char*, int> objects;
    for (int i = 0; i < 100; i++) {
        auto* const object = static_cast<unsigned char*>(theirs.allocate(16, 64));
        std::memset(object, 0, 64);
        objects[object] = i;
    }
    for (const auto& [object, i] : objects)
        if (i % 10 == 0 && objects.count(object - 64) != 0) refuse(libc, theirs, object, false);
    for (const auto& each : objects) theirs.free(each.first);
}

}  // namespace

int main() {
    all_at_once();
    containers();
    for (const Allocator& mine : kAll)
        for (const Allocator& theirs : kAll)
            if (&mine != &theirs)
                (mine.owns != nullptr ? emma_refuses : libc_refuses)(mine, theirs);
    std::printf("%d foreign pointers refused\n", g_refused);
    expect(g_refused > 100, "all were tried");
    return g_failed;
}
