// SPDX-License-Identifier: MIT OR Apache-2.0
// Every way to hand Emma a wrong pointer that this file knows, one case a run. Without arguments
// the program lists its cases; with a number it says which lines it expects (`EXPECT ...`, any of
// them) and commits that misuse, which must end it by SIGILL with such a line. `MAYFAULT`: in the
// default build it may also die by the read of an arena header that lies in unmapped memory.
// TEST-CASES: number, name
// TEST-FLAGS: -fno-builtin -fsized-deallocation -Wno-mismatched-new-delete -Wno-array-bounds
#include "tests/misuse/misuse.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>
#include <new>

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuse-after-free"
#endif

extern "C" {
void* malloc(std::size_t);
void* realloc(void*, std::size_t);
void free(void*);
std::size_t malloc_usable_size(const void*);
// A second copy of Emma in the same program, every symbol renamed.
void* other_emma_malloc(std::size_t);
void other_emma_free(void*);
}

namespace {

void* get(std::size_t size) {
    void* object = test_opaque_pointer(malloc(size));
    CHECK(object != nullptr);
    test_fill(object, size, size);
    return object;
}
unsigned char* get_bytes(std::size_t size) { return static_cast<unsigned char*>(get(size)); }

// ---- double frees

void immediate(std::size_t size) {
    void* object = get(size);
    free(object);
    free(about_to_misuse(object));
}

void interleaved(std::size_t size) {
    void* first = get(size);
    void* second = get(size);
    free(first);
    free(second);
    free(about_to_misuse(first));
}

// Objects of other sizes come and go in between.
void after_other_traffic(std::size_t size) {
    void* object = get(size);
    void* neighbour = get(size);
    free(object);
    test_random random{size + 1};
    void* others[64] = {};
    for (int i = 0; i < 3000; i++) {
        void*& other = others[test_below(&random, 64)];
        free(other);
        other = get(size * 2 + 8192 + test_below(&random, 100000));
    }
    for (void* other : others) free(other);
    (void)neighbour;
    free(about_to_misuse(object));
}

// Others of the same size are freed in between, so that the whole slab is empty, or even gone.
void delayed(std::size_t size) {
    constexpr int kCount = 40;
    void* objects[kCount];
    for (void*& object : objects) object = get(size);
    for (void* object : objects) free(object);
    free(about_to_misuse(objects[kCount / 2]));
}

void* free_it(void* object) {
    free(object);
    return nullptr;
}
void* free_with_warning(void* object) {
    free(about_to_misuse(object));
    return nullptr;
}
void in_thread(emma_thread_function function, void* argument) {
    emma_thread* thread = nullptr;
    CHECK(emma_thread_create(&thread, nullptr, function, argument) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
}

void freed_by_thread_then_owner(std::size_t size) {
    void* neighbour = get(size);
    void* object = get(size);
    in_thread(free_it, object);
    (void)neighbour;
    free(about_to_misuse(object));
}
void freed_by_owner_then_thread(std::size_t size) {
    void* neighbour = get(size);
    void* object = get(size);
    free(object);
    (void)neighbour;
    in_thread(free_with_warning, object);
}
void freed_by_two_threads(std::size_t size) {
    void* neighbour = get(size);
    void* object = get(size);
    in_thread(free_it, object);
    (void)neighbour;
    in_thread(free_with_warning, object);
}
void* allocate_two(void* size) {
    const auto bytes = reinterpret_cast<std::uintptr_t>(size);
    static void* objects[2];
    objects[0] = get(bytes);
    objects[1] = get(bytes);
    return objects;
}
// The thread whose heap the object is in has ended.
void of_ended_thread(std::size_t size) {
    emma_thread* thread = nullptr;
    void* result = nullptr;
    CHECK(emma_thread_create(&thread, nullptr, allocate_two, reinterpret_cast<void*>(size)) == 0);
    CHECK(emma_thread_join(thread, &result) == 0);
    void* object = *static_cast<void**>(result);
    free(object);
    free(about_to_misuse(object));
}

void old_pointer_after_realloc(std::size_t size) {
    void* neighbour = get(size);
    void* object = get(size);
    void* fence = get(size);
    void* moved = realloc(object, size * 20);
    CHECK(moved != nullptr && moved != object);
    (void)neighbour;
    (void)fence;
    free(about_to_misuse(object));
}

// ---- other functions on what is free

void realloc_of_freed(std::size_t size) {
    void* object = get(size);
    free(object);
    (void)!test_opaque_pointer(realloc(about_to_misuse(object), size + 1));
}
void resize_of_freed(std::size_t size) {
    void* object = emma_alloc(size, 16);
    emma_free(object);
    (void)!test_opaque_pointer(emma_resize(about_to_misuse(object), size, 16, size + 100));
}
void usable_size_of_freed(std::size_t size) {
    void* object = get(size);
    free(object);
    (void)test_opaque(malloc_usable_size(about_to_misuse(object)));
}
void delete_of_freed(std::size_t size) {
    void* object = operator new(size);
    operator delete(object);
    operator delete(about_to_misuse(object));
}
void sized_delete_of_freed(std::size_t size) {
    void* object = operator new[](size);
    operator delete[](object, size);
    operator delete[](about_to_misuse(object), size);
}
void aligned_delete_of_freed(std::size_t size) {
    constexpr auto kAlignment = static_cast<std::align_val_t>(256);
    void* object = operator new(size, kAlignment);
    operator delete(object, kAlignment);
    operator delete(about_to_misuse(object), size, kAlignment);
}
void dealloc_of_freed(std::size_t size) {
    void* object = emma_alloc(size, 64);
    emma_dealloc(object, size, 64);
    emma_dealloc(about_to_misuse(object), size, 64);
}
void free_sized_of_freed(std::size_t size) {
    void* object = emma_malloc(size);
    emma_free(object);
    emma_free_sized(about_to_misuse(object), size);
}

// ---- pointers that are no object's start

void interior(std::size_t size) { free(about_to_misuse(get_bytes(size) + 16)); }
void last_byte(std::size_t size) { free(about_to_misuse(get_bytes(size) + size - 1)); }
void middle(std::size_t size) { free(about_to_misuse(get_bytes(size) + size / 2 / 16 * 16)); }
void misaligned_by_1(std::size_t size) { free(about_to_misuse(get_bytes(size) + 1)); }
void misaligned_by_8(std::size_t size) { free(about_to_misuse(get_bytes(size) + 8)); }
void before_start(std::size_t size) { free(about_to_misuse(get_bytes(size) - 16)); }
void realloc_of_interior(std::size_t size) {
    (void)!test_opaque_pointer(realloc(about_to_misuse(get_bytes(size) + 16), size));
}
void delete_of_interior(std::size_t size) {
    operator delete(about_to_misuse(static_cast<char*>(operator new(size)) + 16));
}
void usable_size_of_interior(std::size_t size) {
    (void)test_opaque(malloc_usable_size(about_to_misuse(get_bytes(size) + 16)));
}
void interior_by_thread(std::size_t size) { in_thread(free_with_warning, get_bytes(size) + 16); }
void interior_of_aligned(std::size_t size) {
    auto* object = static_cast<unsigned char*>(emma_aligned_alloc(4096, size));
    free(about_to_misuse(object + 4096));
}
// The place behind the object's end: the next slot, which was never handed out, or nothing at all.
void beyond_end(std::size_t size) {
    unsigned char* object = get_bytes(size);
    free(about_to_misuse(object + malloc_usable_size(object)));
}
// Of its slab, in a word of slots that is not in use yet.
void never_handed_out(std::size_t size) {
    unsigned char* object = get_bytes(size);
    free(about_to_misuse(object + 64 * malloc_usable_size(object)));
}
void far_beyond_end(std::size_t size) {
    unsigned char* object = get_bytes(size);
    free(about_to_misuse(object + 3 * malloc_usable_size(object)));
}

// ---- memory that is not Emma's

void* map_foreign(std::size_t bytes) {
    // mmap(2): readable and writable, private and anonymous.
    const long mapped = emma_syscall(9, 0L, static_cast<long>(bytes), 3L, 0x22L, -1L, 0L);
    CHECK(mapped > 0);
    return reinterpret_cast<void*>(mapped);
}

void stack(std::size_t) {
    alignas(64) unsigned char bytes[64] = {};
    (void)get(40);
    free(about_to_misuse(bytes));
}
alignas(64) unsigned char static_bytes[64];
void static_data(std::size_t) {
    (void)get(40);
    free(about_to_misuse(static_bytes));
}
void code(std::size_t) {
    free(
        about_to_misuse(reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(&stack) & ~15ul)));
}
void before_first_allocation(std::size_t) { free(about_to_misuse(static_bytes)); }
void foreign_mapping(std::size_t bytes) {
    auto* mapped = static_cast<unsigned char*>(map_foreign(bytes));
    (void)get(40);
    free(about_to_misuse(mapped + bytes - 4096));
}
// Memory of a whole aligned arena that is a faithful copy of one of Emma's.
[[maybe_unused]] void forged_arena(std::size_t size) {
    constexpr std::uintptr_t kArena = 4u << 20;
    unsigned char* object = get_bytes(size);
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    const auto mapped = reinterpret_cast<std::uintptr_t>(map_foreign(2 * kArena));
    const std::uintptr_t forged = (mapped + kArena - 1) & ~(kArena - 1);
    const auto* from = reinterpret_cast<const std::uint64_t*>(address & ~(kArena - 1));
    auto* to = reinterpret_cast<std::uint64_t*>(forged);
    // The metadata and the slices up to the object's, which are mapped; between them is a gap.
    constexpr std::size_t kGap = 60 << 10, kGapEnd = 64 << 10;
    const std::size_t words = ((address & (kArena - 1)) + size) / 8;
    for (std::size_t i = 0; i < words; i++)
        if (i * 8 < kGap || i * 8 >= kGapEnd) to[i] = from[i];
    free(about_to_misuse(reinterpret_cast<void*>(forged + (address & (kArena - 1)))));
}
void metadata(std::size_t size) {
    constexpr std::uintptr_t kArena = 4u << 20;
    const auto address = reinterpret_cast<std::uintptr_t>(get(size));
    free(about_to_misuse(reinterpret_cast<void*>((address & ~(kArena - 1)) + size)));
}
void small_integer(std::size_t value) {
    (void)get(40);
    free(about_to_misuse(reinterpret_cast<void*>(value)));
}
void of_other_copy(std::size_t size) {
    (void)get(size);
    free(about_to_misuse(other_emma_malloc(size)));
}
void to_other_copy(std::size_t size) {
    other_emma_free(other_emma_malloc(size));
    other_emma_free(about_to_misuse(get(size)));
}

// ---- sizes

void new_without_memory(std::size_t) {
    about_to_misuse(nullptr);
    (void)test_opaque_pointer(operator new(test_opaque(PTRDIFF_MAX)));
}
void aligned_new_without_memory(std::size_t) {
    about_to_misuse(nullptr);
    constexpr auto kAlignment = static_cast<std::align_val_t>(4096);
    (void)test_opaque_pointer(operator new[](test_opaque(PTRDIFF_MAX), kAlignment));
}
[[maybe_unused]] void wrong_size(std::size_t size) {
    emma_free_sized(about_to_misuse(emma_malloc(size)), size * 3 + 1000);
}
[[maybe_unused]] void wrong_alignment(std::size_t size) {
    // An object that by chance has the greater alignment is passed over.
    void* object = emma_alloc(size, 16);
    while (reinterpret_cast<std::uintptr_t>(object) % 4096 == 0) object = emma_alloc(size, 16);
    emma_dealloc(about_to_misuse(object), size, 4096);
}

constexpr std::size_t kSmall = 24;
constexpr std::size_t kLargestSmall = 4096;
constexpr std::size_t kMedium = 20000;
constexpr std::size_t kRun = 300000;
constexpr std::size_t kHuge = 10000000;

constexpr Case kCases[] = {
    {"immediate, 1", immediate, 1, kDouble, false},
    {"immediate, small", immediate, kSmall, kDouble, false},
    {"immediate, 100", immediate, 100, kDouble, false},
    {"immediate, 1000", immediate, 1000, kDouble, false},
    {"immediate, largest small", immediate, kLargestSmall, kDouble, false},
    {"immediate, medium", immediate, kMedium, kEither, false},
    {"immediate, run", immediate, kRun, kEither, false},
    {"immediate, huge", immediate, kHuge, kEither, true},
    {"interleaved, small", interleaved, kSmall, kDouble, false},
    {"interleaved, 1000", interleaved, 1000, kDouble, false},
    {"interleaved, medium", interleaved, kMedium, kEither, false},
    {"interleaved, run", interleaved, kRun, kEither, false},
    {"interleaved, huge", interleaved, kHuge, kEither, true},
    {"after other traffic, small", after_other_traffic, kSmall, kDouble, false},
    {"after other traffic, 1000", after_other_traffic, 1000, kDouble, false},
    {"delayed, small", delayed, kSmall, kEither, false},
    {"delayed, largest small", delayed, kLargestSmall, kEither, false},
    {"delayed, medium", delayed, kMedium, kEither, true},
    {"delayed, run", delayed, kRun, kEither, true},
    {"thread, then owner, small", freed_by_thread_then_owner, kSmall, kDouble, false},
    {"thread, then owner, medium", freed_by_thread_then_owner, kMedium, kEither, false},
    {"thread, then owner, run", freed_by_thread_then_owner, kRun, kEither, false},
    {"thread, then owner, huge", freed_by_thread_then_owner, kHuge, kEither, true},
    {"owner, then thread, small", freed_by_owner_then_thread, kSmall, kDouble, false},
    {"owner, then thread, medium", freed_by_owner_then_thread, kMedium, kEither, false},
    {"two threads, small", freed_by_two_threads, kSmall, kDouble, false},
    {"two threads, 1000", freed_by_two_threads, 1000, kDouble, false},
    {"two threads, medium", freed_by_two_threads, kMedium, kEither, false},
    {"object of an ended thread", of_ended_thread, kSmall, kDouble, false},
    {"object of an ended thread, 1000", of_ended_thread, 1000, kDouble, false},
    {"old pointer after realloc, small", old_pointer_after_realloc, kSmall, kDouble, false},
    {"old pointer after realloc, medium", old_pointer_after_realloc, kMedium, kEither, false},
    {"realloc of freed, small", realloc_of_freed, kSmall, kFreed, false},
    {"realloc of freed, medium", realloc_of_freed, kMedium, kFreedOrGone, false},
    {"realloc of freed, run", realloc_of_freed, kRun, kFreedOrGone, false},
    {"realloc of freed, huge", realloc_of_freed, kHuge, kFreedOrGone, true},
    {"usable size of freed, small", usable_size_of_freed, kSmall, kFreed, false},
    {"usable size of freed, huge", usable_size_of_freed, kHuge, kFreedOrGone, true},
    {"resize of freed", resize_of_freed, kSmall, kFreed, false},
    {"never handed out, 16", never_handed_out, 16, kInvalid, false},
    {"never handed out, 500", never_handed_out, 500, kInvalid, false},
    {"never handed out, medium", beyond_end, 9000, kInvalid, false},
    {"delete twice", delete_of_freed, kSmall, kDouble, false},
    {"sized delete[] twice", sized_delete_of_freed, 200, kDouble, false},
    {"aligned delete twice", aligned_delete_of_freed, 200, kDouble, false},
    {"dealloc twice", dealloc_of_freed, 200, kDouble, false},
    {"free, then free_sized", free_sized_of_freed, 200, kDouble, false},
    {"interior, 32", interior, 32, kInvalid, false},
    {"interior, 1000", interior, 1000, kInvalid, false},
    {"interior, largest small", interior, kLargestSmall, kInvalid, false},
    {"interior, medium", interior, kMedium, kInvalid, false},
    {"interior, run", interior, kRun, kInvalid, false},
    {"interior, huge", interior, kHuge, kInvalid, false},
    {"last byte, small", last_byte, kSmall, kInvalid, false},
    {"last byte, run", last_byte, kRun, kInvalid, false},
    {"last byte, huge", last_byte, kHuge, kInvalid, false},
    {"middle, largest small", middle, kLargestSmall, kInvalid, false},
    {"middle, medium", middle, kMedium, kInvalid, false},
    {"middle, run", middle, kRun, kInvalid, false},
    {"middle, huge", middle, kHuge, kInvalid, false},
    {"misaligned by 1, small", misaligned_by_1, kSmall, kInvalid, false},
    {"misaligned by 1, run", misaligned_by_1, kRun, kInvalid, false},
    {"misaligned by 8, small", misaligned_by_8, kSmall, kInvalid, false},
    {"misaligned by 8, medium", misaligned_by_8, kMedium, kInvalid, false},
    {"misaligned by 8, huge", misaligned_by_8, kHuge, kInvalid, false},
    {"before the start, run", before_start, kRun, kEither, false},
    {"before the start, huge", before_start, kHuge, kInvalid, true},
    {"interior by another thread, 1000", interior_by_thread, 1000, kInvalid, false},
    {"interior by another thread, huge", interior_by_thread, kHuge, kInvalid, false},
    {"realloc of interior", realloc_of_interior, 1000, kInvalid, false},
    {"realloc of interior, huge", realloc_of_interior, kHuge, kInvalid, false},
    {"delete of interior", delete_of_interior, 1000, kInvalid, false},
    {"usable size of interior", usable_size_of_interior, 1000, kInvalid, false},
    {"interior of aligned", interior_of_aligned, 10000, kInvalid, false},
    {"beyond the end, small", beyond_end, kSmall, kEither, false},
    {"beyond the end, 1000", beyond_end, 1000, kEither, false},
    {"beyond the end, medium", beyond_end, kMedium, kEither, false},
    {"beyond the end, run", beyond_end, kRun, kEither, false},
    {"beyond the end, huge", beyond_end, kHuge, kInvalid, true},
    {"far beyond the end, small", far_beyond_end, kSmall, kEither, false},
    {"far beyond the end, huge", far_beyond_end, kHuge, kInvalid, true},
    {"stack", stack, 0, kInvalid, true},
    {"static data", static_data, 0, kInvalid, true},
    {"static data, before any allocation", before_first_allocation, 0, kInvalid, true},
    {"code", code, 0, kInvalid, true},
    {"foreign mapping, small", foreign_mapping, 16384, kInvalid, true},
    {"foreign mapping, with an arena's header", foreign_mapping, 16u << 20, kInvalid, false},
    {"metadata, arena start", metadata, 0, kInvalid, false},
    {"metadata, descriptors", metadata, 128, kInvalid, false},
    {"small integer 1", small_integer, 1, kInvalid, true},
    {"small integer 16", small_integer, 16, kInvalid, true},
    {"not canonical", small_integer, std::size_t{1} << 63, kInvalid, true},
    {"the kernel's half", small_integer, ~std::size_t{0} - 4095, kInvalid, true},
    {"another copy's pointer, small", of_other_copy, kSmall, kInvalid, false},
    {"another copy's pointer, medium", of_other_copy, kMedium, kInvalid, false},
    {"another copy's pointer, run", of_other_copy, kRun, kInvalid, false},
    {"another copy's pointer, huge", of_other_copy, kHuge, kInvalid, true},
    {"our pointer to another copy", to_other_copy, kSmall, kInvalid, false},
    {"new without memory", new_without_memory, 0, kNoMemory, false},
    {"aligned new[] without memory", aligned_new_without_memory, 0, kNoMemory, false},
#if EMMA_CHECKS
    // Who forges an owner's descriptor passes the owner check of the default build.
    {"forged arena, small", forged_arena, kSmall, kInvalid, false},
    {"forged arena, 1000", forged_arena, 1000, kInvalid, false},
    {"forged arena, medium", forged_arena, kMedium, kInvalid, false},
    {"forged arena, run", forged_arena, kRun, kInvalid, false},
    {"wrong size, small", wrong_size, 100, kWrongSize, false},
    {"wrong size, run", wrong_size, kRun, kWrongSize, false},
    {"wrong alignment", wrong_alignment, 100, kWrongSize, false},
#endif
};

}  // namespace

int main(int argc, char** argv) { return run_case(kCases, argc, argv); }
