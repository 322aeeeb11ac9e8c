// SPDX-License-Identifier: MIT OR Apache-2.0
// beside_libc: an ordinary program with a libc that uses Emma for some objects and the libc's
// malloc for the others.
//
// The lesson: the names that begin with emma_ replace nothing. A program that calls only them links
// libemma_beside.a, which has no others, and keeps its libc's malloc for everything else, the
// standard library included. (libemma.a has malloc, new and so on as well.)
//
//   g++ beside_libc.cpp -pthread -lemma_beside
#include <emma.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

// Makes the standard containers that ask for it take their memory from Emma.
template <class T>
struct FromEmma {
    using value_type = T;
    FromEmma() = default;
    template <class U>
    FromEmma(const FromEmma<U>&) {}
    T* allocate(std::size_t count) {
        void* memory = emma_alloc(count * sizeof(T), alignof(T));
        if (memory == nullptr) throw std::bad_alloc();
        return static_cast<T*>(memory);
    }
    void deallocate(T* object, std::size_t count) {
        emma_dealloc(object, count * sizeof(T), alignof(T));
    }
    friend bool operator==(const FromEmma&, const FromEmma&) { return true; }
    friend bool operator!=(const FromEmma&, const FromEmma&) { return false; }
};

bool expect(bool holds, const char* what) {
    std::printf("%-58s %s\n", what, holds ? "yes" : "NO");
    return holds;
}

}  // namespace

int main() {
    bool good = true;
    auto* ours = static_cast<char*>(emma_malloc(100));
    auto* theirs = static_cast<char*>(std::malloc(100));
    std::strcpy(ours, "from Emma");
    std::strcpy(theirs, "from the libc");
    good &= expect(emma_owns(ours), "Emma knows her own object");
    good &= expect(!emma_owns(theirs), "and that the libc's is not hers");
    good &= expect(std::strcmp(ours, "from Emma") == 0, "both keep their contents");

    std::vector<int, FromEmma<int>> numbers;
    std::vector<int> others;
    for (int i = 0; i < 100000; i++) numbers.push_back(i), others.push_back(i);
    good &=
        expect(emma_owns(numbers.data()), "a vector with Emma's allocator lives in Emma's memory");
    good &= expect(!emma_owns(others.data()), "a plain vector does not");

    // Threads of the libc: each gets a heap at its first object; another thread may free it.
    void* from_thread = nullptr;
    std::thread([&] {
        from_thread = emma_calloc(1000, 8);
        emma_thread_detach();
    }).join();
    good &= expect(emma_owns(from_thread), "an object of a thread that has ended is alive");
    emma_free(from_thread);
    std::free(theirs);
    emma_free(ours);

    struct emma_stats stats;
    emma_stats(&stats);
    std::printf("Emma: %zu objects in %zu bytes, %zu KiB mapped, %zu heaps\n", stats.live_objects,
                stats.live_bytes, stats.mapped_bytes >> 10, stats.heaps);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
