// SPDX-License-Identifier: MIT OR Apache-2.0
// Huge objects: mappings of their own that grow and shrink, in place and moved, keep their
// contents, go back to the system when freed, and what is not touched costs nothing.
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <cstddef>
#include <cstdint>

int main() {
    constexpr std::size_t kMib = std::size_t{1} << 20;
    struct emma_stats before, after;
    emma_stats(&before);
    unsigned char* objects[20];
    for (std::size_t i = 0; i < 20; i++) {
        objects[i] = static_cast<unsigned char*>(emma_malloc((3 + i) * kMib));
        CHECK(objects[i] != nullptr);
        test_fill(objects[i], (3 + i) * kMib, i);
    }
    for (std::size_t i = 0; i < 20; i++) {
        // Up and down by turns, far and near.
        const std::size_t old_size = (3 + i) * kMib;
        const std::size_t size = i % 2 == 0 ? old_size * 3 : old_size - kMib / 2;
        const std::size_t kept = size < old_size ? size : old_size;
        objects[i] = static_cast<unsigned char*>(emma_realloc(objects[i], size));
        CHECK(objects[i] != nullptr);
        CHECK(test_verify_part(objects[i], old_size, kept, i));
        CHECK(emma_malloc_usable_size(objects[i]) >= size);
        test_fill(objects[i], size, i);
        CHECK(test_verify(objects[i], size, i));
    }
    emma_stats(&after);
    CHECK(after.huge_objects >= before.huge_objects + 15);
    for (unsigned char* object : objects) emma_free(object);
    emma_stats(&after);
    CHECK(after.huge_objects == before.huge_objects);
    // An arena may have come, and with FOR=speed up to 16 MiB stay for the next huge objects.
    CHECK(after.mapped_bytes <= before.mapped_bytes + (EMMA_FOR_SPEED ? 20 : 8) * kMib);
    (void)emma_trim();
    emma_stats(&after);
    CHECK(after.mapped_bytes <= before.mapped_bytes + 4 * kMib);
    // Far more than the machine has, as long as it is not touched; two at once.
    const std::size_t large = std::size_t{20} << 30;
    auto* sparse = static_cast<unsigned char*>(emma_calloc(1, large));
    if (sparse != nullptr) {  // a system that does not overcommit may refuse
        sparse[0] = sparse[large - 1] = sparse[large / 2] = 1;
        CHECK(sparse[4096] == 0 && sparse[large / 2 - 1] == 0);
        emma_free(sparse);
    }
    test_check_all();
    return 0;
}
