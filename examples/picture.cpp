// SPDX-License-Identifier: MIT OR Apache-2.0
// Draws its own heap after some work, as SVG on standard output: words of many lengths in a list,
// of which most are freed again, buffers, and one table that is larger than an arena.
//
//   picture >heap.svg
#include <emma.h>
#include <emma_crt.h>

#include <cstddef>
#include <cstdint>

namespace {

// Writes all of the text, however little the descriptor takes at a time.
void write_all(void*, const char* text, std::size_t length) {
    while (length != 0) {
        const long written = emma_syscall(1, 1L, text, length);  // write(2), standard output
        if (written <= 0) emma_exit(1);
        text += written;
        length -= static_cast<std::size_t>(written);
    }
}

// Numbers below `limit` from a fixed sequence, so that every picture shows the same work.
std::size_t below(std::size_t limit) {
    static std::uint64_t state = 7;
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<std::size_t>(state >> 33) % limit;
}

void* objects[30000];

}  // namespace

int main() {
    for (std::size_t i = 0; i < 30000; i++) {
        const std::size_t kind = below(1000);
        const std::size_t size = kind < 900   ? 1 + below(120)
                                 : kind < 990 ? 200 + below(2000)
                                 : kind < 999 ? 5000 + below(60000)
                                              : 150000 + below(400000);
        objects[i] = emma_malloc(size);
    }
    // The first third goes, then nine of ten of the last.
    for (std::size_t i = 0; i < 10000; i++) emma_free(objects[i]);
    for (std::size_t i = 20000; i < 30000; i++)
        if (below(10) != 0) emma_free(objects[i]);
    void* const table = emma_malloc(6 << 20);
    emma_picture(write_all, nullptr);
    return table == nullptr ? 1 : 0;
}
