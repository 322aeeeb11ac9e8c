// SPDX-License-Identifier: MIT OR Apache-2.0
// Which instructions of the explorer's scenarios and of core/ a run reaches: gcc's trace-pc has
// every basic block call in here. At the end the offsets are written to the file that REACHED
// names, 4 bytes each.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" const char __executable_start;  // from the linker

namespace {

constexpr std::size_t kMostBytes = 16 << 20;  // of the program's text
unsigned char g_seen[kMostBytes / 8];

struct Writer {
    ~Writer() {
        const char* const name = std::getenv("REACHED");
        std::FILE* const file = name != nullptr ? std::fopen(name, "wb") : nullptr;
        if (file == nullptr) return;
        for (std::uint32_t offset = 0; offset < kMostBytes; ++offset)
            if ((g_seen[offset / 8] >> (offset % 8) & 1) != 0)
                std::fwrite(&offset, sizeof offset, 1, file);
        std::fclose(file);
    }
} g_writer;

}  // namespace

extern "C" void __sanitizer_cov_trace_pc() {
    const auto offset = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) -
                        reinterpret_cast<std::uintptr_t>(&__executable_start) - 1;
    if (offset < kMostBytes) g_seen[offset / 8] |= static_cast<unsigned char>(1u << offset % 8);
}
