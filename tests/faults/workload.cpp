// SPDX-License-Identifier: MIT OR Apache-2.0
// Allocates, resizes and frees in every size while the system may refuse any call: what is refused
// must be null with ENOMEM, what is alive must keep its contents, and in the end nothing may be
// live and nothing may be mapped that Emma does not know of. tests/scripts/faults.sh runs it once
// for each of its system calls and lets that call fail.
//
//   workload [SEED [LIMIT_KIB [any]]]   LIMIT_KIB: RLIMIT_AS for what it may map, 0: none;
//                                       any: what the system has mapped is not compared
//
// TEST-QEMU: 1 0 any
#include "tests/freestanding/check_all.h"
#include "tests/freestanding/status.h"
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

extern "C" int* __errno_location();

namespace {

constexpr std::size_t kCount = 250;
constexpr int kNoMemory = 12;  // ENOMEM

struct Object {
    unsigned char* bytes;
    std::size_t size;
};
Object objects[kCount];
std::size_t refused = 0;

std::size_t some_size(test_random* random) {
    const std::uint64_t kind = test_below(random, 100);
    if (kind < 60) return test_below(random, 300);
    if (kind < 80) return test_below(random, 9000);
    if (kind < 92) return test_below(random, 100000);
    if (kind < 98) return test_below(random, 1500000);
    return test_below(random, 6000000);
}

// Whether it is there; if not, that errno says why.
bool check_result(void* result) {
    if (result != nullptr) return true;
    CHECK(*__errno_location() == kNoMemory);
    refused++;
    return false;
}

void step(test_random* random, std::size_t tag) {
    Object* object = &objects[tag];
    *__errno_location() = 0;
    if (object->bytes != nullptr) {
        CHECK(test_verify(object->bytes, object->size, tag));
        const std::size_t size = some_size(random);
        if (test_below(random, 3) == 0) {
            void* moved = emma_realloc(object->bytes, size);
            if (!check_result(moved)) {
                CHECK(test_verify(object->bytes, object->size, tag));
                return;
            }
            CHECK(test_verify_part(moved, object->size, size < object->size ? size : object->size,
                                   tag));
            *object = {static_cast<unsigned char*>(moved), size};
        } else {
            emma_free(object->bytes);
            CHECK(*__errno_location() == 0);
            *object = {nullptr, 0};
            return;
        }
    } else {
        const std::size_t size = some_size(random);
        const std::uint64_t way = test_below(random, 4);
        void* fresh = way == 0 ? emma_calloc(size, 1)
                      : way == 1
                          ? emma_aligned_alloc(std::size_t{1} << test_below(random, 20), size)
                          : emma_malloc(size);
        if (!check_result(fresh)) return;
        if (way == 0) CHECK(test_is_zero(fresh, size));
        *object = {static_cast<unsigned char*>(fresh), size};
    }
    test_fill(object->bytes, object->size, tag);
}

}  // namespace

int main(int argc, char** argv) {
    test_random random = {test_argument(argc, argv, 1, 1)};
    const std::size_t limit_bytes = test_argument(argc, argv, 2, 0) << 10;
    const std::size_t mapped_before = (test_status_kib("VmSize:") << 10);
    if (limit_bytes != 0) {
        const std::uint64_t limit[2] = {mapped_before + limit_bytes, ~std::uint64_t{0}};
        CHECK(emma_syscall(302, 0L, 9L, limit, nullptr) == 0);  // prlimit64(self, RLIMIT_AS)
    }
    for (std::size_t i = 0; i < 2500; i++) step(&random, test_below(&random, kCount));
    for (std::size_t tag = 0; tag < kCount; tag++) {
        if (objects[tag].bytes == nullptr) continue;
        CHECK(test_verify(objects[tag].bytes, objects[tag].size, tag));
        emma_free(objects[tag].bytes);
    }
    struct emma_stats stats;
    emma_stats(&stats);
    CHECK(stats.live_objects == 0 && stats.live_bytes == 0);
    // Where something was refused once, it can be had afterwards.
    void* small = emma_malloc(100);
    if (limit_bytes == 0) CHECK(small != nullptr);
    emma_free(small);
    emma_stats(&stats);
    const std::size_t mapped = (test_status_kib("VmSize:") << 10) - mapped_before;
    test_report("refused", refused);
    test_report("system calls", stats.system_calls);
    test_report("mapped, as Emma knows", stats.mapped_bytes);
    test_report("mapped, as the system says", mapped);
    if (argc < 4) CHECK(mapped <= stats.mapped_bytes);
    test_check_all();
    return 0;
}
