// SPDX-License-Identifier: MIT OR Apache-2.0
// A heap for each piece of work, destroyed whole: nothing has to be freed one by one, nothing can
// leak from one piece to the next, and one that asks for too much fails alone. The heap lies in
// memory of the program's own, so after the start no system call is made.
//
//   request_heaps [REQUESTS]
#include <emma_crt.h>
#include <emma.hpp>

#include <vector>

namespace {

// All that a request may use, reused for the next one.
alignas(64) unsigned char g_memory[512 * 1024];

template <typename T>
using Vector = std::vector<T, emma::HeapAllocator<T>>;

struct Answer {
    bool served;
    unsigned long value;
};

// How often the most frequent number comes in a made-up sequence of the given length.
Answer serve(emma::Heap& heap, unsigned length) {
    // Whatever the containers below will need at most; the heap says no, not the containers.
    if (length > 6000) {
        void* const probe = heap.alloc(length * 60ul);
        if (probe == nullptr) return {false, 0};
        heap.free(probe);
    }
    Vector<unsigned> numbers(heap);
    for (unsigned i = 0; i < length; i++) numbers.push_back(i * 2654435761u >> 24);
    Vector<unsigned> counts(256, 0, heap);
    unsigned long most = 0;
    for (const unsigned number : numbers)
        if (++counts[number] > most) most = counts[number];
    // What is still allocated here goes with the heap.
    (void)heap.alloc(100);
    return {true, most};
}

void print(const char* text) {
    unsigned long length = 0;
    while (text[length] != '\0') length++;
    emma_syscall(1, 1L, text, length);  // write(2)
}

}  // namespace

int main(int argc, char**) {
    const unsigned requests = argc > 1 ? 100 : 10000;
    unsigned served = 0, refused = 0;
    for (unsigned i = 0; i < requests; i++) {
        emma::Heap heap(g_memory, sizeof g_memory);
        if (!heap) return 1;
        const Answer answer = serve(heap, i % 10 == 9 ? 1000000 : i % 5000 + 1);
        answer.served ? served++ : refused++;
        if (answer.served && answer.value == 0) return 1;
    }
    if (served != requests / 10 * 9 || refused != requests / 10) return 1;
    print("nine requests of ten were served, the tenth asked for too much\n");
    return 0;
}
