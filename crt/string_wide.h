// SPDX-License-Identifier: MIT OR Apache-2.0
// Which wider instructions the processor offers to the memory functions, and the loops made of
// them. Found out at the first operation beyond 128 bytes: a program that makes none does not pay
// for cpuid, which costs microseconds in a virtual machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emma::crt {

class CpuFeatures {
  public:
    static constexpr std::uint8_t kKnown = 1;
    static constexpr std::uint8_t kFastRepeatedMove = 2;  // "enhanced rep movsb and stosb"
    static constexpr std::uint8_t kAvx2 = 4;              // and the system saves its registers,
    static constexpr std::uint8_t kAvx512 = 8;            // likewise

    constexpr explicit CpuFeatures(std::uint8_t bits) : bits_(bits) {}

    bool has(std::uint8_t feature) const { return (bits_ & feature) != 0; }

  private:
    std::uint8_t bits_;
};

// cpu_features.cpp. Zero: not asked yet; threads that ask at once store the same.
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): constinit says that it cannot be
extern constinit std::uint8_t known_features;
[[gnu::cold]] std::uint8_t ask_processor();

inline CpuFeatures cpu_features() {
    // Relaxed: the bits are all there is to see.
    const std::uint8_t bits = __atomic_load_n(&known_features, __ATOMIC_RELAXED);
    return CpuFeatures(bits != 0 ? bits : ask_processor());
}

// What is known already, without asking: for operations that are short most of the time.
inline CpuFeatures known_cpu_features() {
    return CpuFeatures(__atomic_load_n(&known_features, __ATOMIC_RELAXED));
}

// All of them return `to`, as memcpy and memset do, so that these end in a jump there.
//
// string_avx2.cpp: Loops of string_loops.h for vectors of 32 bytes; n > 128.
unsigned char* copy_short_avx2(unsigned char* to, const unsigned char* from,
                               std::size_t n);  // n <= 256
unsigned char* copy_upwards_avx2(unsigned char* to, const unsigned char* from, std::size_t n);
unsigned char* copy_downwards_avx2(unsigned char* to, const unsigned char* from, std::size_t n);
unsigned char* fill_avx2(unsigned char* to, std::uint64_t word, std::size_t n);
// Any n from 32 on; any string; up to the byte at `last`, as memchr.
int compare_avx2(const unsigned char* left, const unsigned char* right, std::size_t n);
std::size_t length_avx2(const unsigned char* string);
const unsigned char* find_avx2(const unsigned char* from, unsigned char byte, std::uintptr_t last);

// string_avx512.cpp: the copies for vectors of 64 bytes; n > 256. Measured on a Zen 5 against the
// AVX2 ones: 2 KiB in 11 ns instead of 16, 4 KiB overlapping in 18 ns instead of 29. Fills and
// comparisons gain nothing.
unsigned char* copy_short_avx512(unsigned char* to, const unsigned char* from,
                                 std::size_t n);  // to 512
unsigned char* copy_upwards_avx512(unsigned char* to, const unsigned char* from, std::size_t n);
unsigned char* copy_downwards_avx512(unsigned char* to, const unsigned char* from, std::size_t n);
unsigned char* fill_avx512(unsigned char* to, std::uint64_t word, std::size_t n);  // n > 128

}  // namespace emma::crt
