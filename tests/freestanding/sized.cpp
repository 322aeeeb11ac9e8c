// SPDX-License-Identifier: MIT OR Apache-2.0
// Sizes and alignments given to sized frees: in CHECKS builds every one that can be proved wrong is
// named and every right one passes, through each entry point, for slots, runs and huge objects, as
// they were allocated, after realloc, and when memory was short. In other builds nothing is looked
// at, so only the right ones are tried.
//
// TEST-FLAGS: -fno-builtin -fsized-deallocation -Wno-mismatched-new-delete
// TEST-QEMU: small
#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>

#include "tests/freestanding/test.h"

extern "C" void free_sized(void*, std::size_t);

namespace {

// ---- whether a call panics, and of what

void* g_after_panic[5];
const void* g_object;
volatile bool g_named;

void note(const struct emma_panic* panic) {
    CHECK(panic->kind == EMMA_PANIC_WRONG_SIZE);
    CHECK(panic->pointer == g_object);
    g_named = true;
    __builtin_longjmp(g_after_panic, 1);
}

enum Entry { kFreeSized, kStandardName, kFreeAlignedSized, kDealloc, kResize, kDelete, kEntries };

// Calls the entry point, which panics before it has touched anything or ends the object. Sizes of
// plain forms have no alignment.
void call(Entry entry, void* object, std::size_t size, std::size_t alignment) {
    switch (entry) {
        case kFreeSized:
            return emma_free_sized(object, size);
        case kStandardName:
            return free_sized(object, size);
        case kFreeAlignedSized:
            return emma_free_aligned_sized(object, alignment, size);
        case kDealloc:
            return emma_dealloc(object, size, alignment);
        case kResize:
            return emma_free(test_opaque_pointer(emma_resize(object, size, alignment, 1)));
        case kDelete:
            return operator delete(object, size, static_cast<std::align_val_t>(alignment));
        case kEntries:
            break;
    }
}
bool is_plain(Entry entry) { return entry == kFreeSized || entry == kStandardName; }

[[gnu::noinline]] bool is_named(Entry entry, void* object, std::size_t size,
                                std::size_t alignment) {
    g_object = object;
    g_named = false;
    if (__builtin_setjmp(g_after_panic) == 0) call(entry, object, size, alignment);
    return g_named;
}

// ---- what is wrong: what an object of those arguments would not be

constexpr std::size_t kSizes[] = {
    0,     1,     16,     17,     32,     33,     100,     112,     113,     128,    129,   160,
    500,   1000,  1024,   1025,   3000,   4096,   4097,    5000,    9000,    20000,  32768, 32769,
    40000, 65536, 100000, 131072, 131073, 200000, 1000000, 3000000, 5000000, 9000000};
constexpr std::size_t kAlignments[] = {1, 8, 16, 32, 64, 256, 4096, 65536};

// The bytes that an object of these arguments has while there is memory.
std::size_t natural(std::size_t size, std::size_t alignment) {
    void* const object = emma_alloc(size, alignment);
    CHECK(object != nullptr);
    const std::size_t bytes = emma_malloc_usable_size(object);
    emma_free(object);
    return bytes;
}
std::size_t g_natural[sizeof kSizes / sizeof kSizes[0]][sizeof kAlignments / sizeof kAlignments[0]];

bool is_at(const void* object, std::size_t alignment) {
    return (reinterpret_cast<std::uintptr_t>(object) & (alignment - 1)) == 0;
}

// Every pair of arguments on an object of `size` and `alignment`, made by `make`; the object is
// `bytes` large.
template <typename Make>
void try_all(Make make, std::size_t size, std::size_t alignment, unsigned step) {
    void* object = make();
    const std::size_t bytes = emma_malloc_usable_size(object);
    CHECK(!EMMA_CHECKS || bytes == natural(size, alignment));
    unsigned number = 0;
    for (std::size_t i = 0; i < sizeof kSizes / sizeof kSizes[0]; i++)
        for (std::size_t j = 0; j < sizeof kAlignments / sizeof kAlignments[0]; j++) {
            if (number++ % step != 0) continue;
            for (int entry = 0; entry < kEntries; entry++) {
                const std::size_t given = is_plain(static_cast<Entry>(entry)) ? 1 : kAlignments[j];
                if (given != kAlignments[j]) continue;
                const bool is_wrong = g_natural[i][j] != bytes || !is_at(object, given);
                if (is_wrong && !EMMA_CHECKS) continue;
                const bool named = is_named(static_cast<Entry>(entry), object, kSizes[i], given);
                if (named != is_wrong) {
                    test_report("entry", static_cast<std::size_t>(entry));
                    test_report("size asked for", size);
                    test_report("size given", kSizes[i]);
                    test_report("alignment given", given);
                    test_report("named", named);
                }
                CHECK(named == is_wrong);
                if (!named) object = make();
            }
        }
    emma_free(object);
}

void test_as_allocated(unsigned step) {
    for (const std::size_t size : kSizes)
        for (const std::size_t alignment : kAlignments)
            try_all([=] { return emma_alloc(size, alignment); }, size, alignment, step);
}

// realloc keeps or moves; what counts is the last size.
void test_after_realloc(unsigned step) {
    for (const std::size_t first : {100u, 3000u, 30000u, 100000u, 300000u, 5000000u})
        for (const std::size_t size : kSizes)
            try_all([=] { return emma_realloc(test_opaque_pointer(emma_malloc(first)), size); },
                    size, 1, step);
}

void test_alignments_that_are_none() {
    if (!EMMA_CHECKS) return;
    void* const object = emma_malloc(100);
    for (const std::size_t alignment :
         {std::size_t{0}, std::size_t{3}, std::size_t{24}, std::size_t{100}, ~std::size_t{0}})
        for (const Entry entry : {kFreeAlignedSized, kDealloc, kDelete})
            CHECK(is_named(entry, object, 100, alignment));
    emma_free_aligned_sized(nullptr, 3, 100);  // null is ignored
    emma_free(object);
}

// ---- when memory is short

void* g_filler[100000];
std::size_t g_filled;

void fill(std::size_t size) {
    while (g_filled < sizeof g_filler / sizeof g_filler[0])
        if (void* const object = emma_malloc(size)) {
            g_filler[g_filled++] = object;
        } else {
            return;
        }
    CHECK(false);
}

// Objects that are in larger slots than they ask for, and those that realloc could not make
// smaller.
void test_in_shortage() {
    constexpr std::size_t kAsked = 200;
    const std::size_t bytes = natural(kAsked, 1);
    const std::size_t larger = natural(600, 1);
    CHECK(emma_reserve(1) == 0 && emma_seal() == 0);
    void* places[40];
    for (void*& place : places) CHECK((place = emma_malloc(600)) != nullptr);
    void* const run = emma_malloc(200000);
    void* const slot = emma_malloc(3000);
    CHECK(run != nullptr && slot != nullptr);
    for (const std::size_t size : {1000000u, 100000u, 60000u, 4096u, 1000u, 600u, 400u, 200u, 50u})
        fill(size);
    CHECK(emma_malloc(kAsked) == nullptr);
    for (void* place : places) emma_free(place);
    void* const object = emma_malloc(kAsked);
    CHECK(object != nullptr);
    CHECK(emma_malloc_usable_size(object) == larger);
    if (EMMA_CHECKS) {
        CHECK(is_named(kFreeSized, object, larger + 1, 1));
        CHECK(is_named(kFreeSized, object, 600, 1));
    }
    CHECK(!is_named(kFreeSized, object, kAsked, 1));
    // Of its own size again, in the same slot.
    void* const grown = emma_realloc(emma_malloc(kAsked), 600);
    CHECK(emma_malloc_usable_size(grown) == larger);
    if (EMMA_CHECKS) CHECK(is_named(kFreeSized, grown, kAsked, 1));
    CHECK(!is_named(kFreeSized, grown, 600, 1));
    // Nothing is left of the mark.
    void* const natural_again = emma_malloc(600);
    CHECK(natural_again != nullptr);
    if (EMMA_CHECKS) CHECK(is_named(kFreeSized, natural_again, kAsked, 1));
    emma_free(natural_again);
    fill(600);
    for (std::size_t size : {200u, 50u}) fill(size);
    // A smaller place can't be had: the object stays.
    CHECK(emma_realloc(slot, 300) == slot);
    CHECK(emma_realloc(run, 300) == run);
    if (EMMA_CHECKS) {
        CHECK(is_named(kFreeSized, slot, 3000, 1) && is_named(kFreeSized, run, 200000, 1));
        CHECK(is_named(kFreeSized, slot, 5000, 1) && is_named(kFreeSized, run, 300000, 1));
    }
    CHECK(!is_named(kFreeSized, slot, 300, 1) && !is_named(kFreeSized, run, 300, 1));
    for (std::size_t i = 0; i < g_filled; i++) emma_free(g_filler[i]);
    CHECK(bytes < larger && emma_check(nullptr, nullptr) == 0);
}

}  // namespace

int main(int argc, char**) {
    const unsigned step = argc > 1 ? 31 : 1;
    emma_set_panic_handler(note);
    for (std::size_t i = 0; i < sizeof kSizes / sizeof kSizes[0]; i++)
        for (std::size_t j = 0; j < sizeof kAlignments / sizeof kAlignments[0]; j++)
            g_natural[i][j] = natural(kSizes[i], kAlignments[j]);
    test_as_allocated(step);
    test_after_realloc(step);
    test_alignments_that_are_none();
    test_in_shortage();
    return 0;
}
