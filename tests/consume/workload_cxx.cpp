// SPDX-License-Identifier: MIT OR Apache-2.0
// The part of workload.c that needs C++: operator new by itself, behind the standard containers,
// for over-aligned types, and with a libc for what the C++ library allocates and throws.
#include <emma.h>
#include <emma.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

#if defined(WORK_LIBC)
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#endif

namespace {

#if defined(WORK_BESIDE)
bool is_right(const void* object) { return !emma_owns(object); }
#else
bool is_right(const void* object) { return emma_owns(object); }
#endif

struct alignas(256) Wide {
    unsigned char bytes[256];
};

}  // namespace

#define CHECK(condition)                   \
    do {                                   \
        if (!(condition)) return __LINE__; \
    } while (0)

extern "C" int work_cxx() {
    int* const one = new int(7);
    int* const many = new int[1000]();
    CHECK(is_right(one) && is_right(many) && many[999] == 0);
    delete one;
    delete[] many;
    Wide* const wide = new (std::nothrow) Wide();
    CHECK(wide != nullptr && reinterpret_cast<unsigned long>(wide) % 256 == 0 && is_right(wide));
    delete wide;

    std::vector<std::unique_ptr<unsigned>> numbers;
    for (unsigned i = 0; i < 20000; i++)
        numbers.push_back(std::make_unique<unsigned>(i * 7919 % 20011));
    std::sort(numbers.begin(), numbers.end(), [](const auto& a, const auto& b) { return *a < *b; });
    for (unsigned i = 1; i < 20000; i++) CHECK(*numbers[i - 1] < *numbers[i]);
    CHECK(is_right(numbers.data()) && is_right(numbers[5].get()));

    std::vector<int, emma::Allocator<int>> ours(1000, 3);
    CHECK(emma_owns(ours.data()));
    emma::Heap heap;
    CHECK(heap);
    std::vector<int, emma::HeapAllocator<int>> apart(1000, 3, heap);
    CHECK(heap.owns(apart.data()) && !emma_owns(apart.data()));

#if defined(WORK_LIBC)
    std::map<std::string, std::vector<std::string>> index;
    for (int i = 0; i < 5000; i++)
        index[std::to_string(i % 701)].push_back("a value too long for the string itself " +
                                                 std::to_string(i));
    CHECK(index.size() == 701 && is_right(index.begin()->second.front().data()));
    std::ostringstream text;
    for (const auto& [key, values] : index) text << key << ':' << values.size() << '\n';
    CHECK(text.str().size() > 4000);
    int caught = 0;
    for (int i = 0; i < 100; i++) {
        try {
            throw std::runtime_error("thrown through objects " + std::to_string(i));
        } catch (const std::exception& error) {
            caught += error.what()[0] == 't';
        }
    }
    CHECK(caught == 100);
#endif
    return 0;
}
