// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs that call malloc_trim give memory back under libemma_preload.so too, and emma_trim can
// be called from a debugger.
#include <malloc.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/preload/check_all.h"

namespace {

long resident_kib() {
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    long all = 0, resident = 0;
    const bool is_read = file != nullptr && std::fscanf(file, "%ld %ld", &all, &resident) == 2;
    if (file != nullptr) std::fclose(file);
    return is_read ? resident * 4 : 0;
}

}  // namespace

int main() {
    static void* objects[10000];
    for (void*& object : objects) {
        object = std::malloc(1500);
        std::memset(object, 1, 1500);
    }
    // What one object in 20 keeps goes by a trim alone.
    for (int i = 0; i < 10000; ++i)
        if (i % 20 != 0) std::free(objects[i]);
    const int gave_back = malloc_trim(0);
    const long after = resident_kib();
    auto* const trim = reinterpret_cast<std::size_t (*)()>(dlsym(RTLD_DEFAULT, "emma_trim"));
    std::printf("malloc_trim: %d, %ld KiB stay\n", gave_back, after);
    if (trim == nullptr || gave_back != 1 || after > 12000) return 1;
    (void)trim();
    return all_invariants_hold() ? 0 : 1;
}
