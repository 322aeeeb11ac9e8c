// SPDX-License-Identifier: MIT OR Apache-2.0
// crt/string.cpp in its baseline form, whatever the processor, under the sanitizers, beside the
// libc's functions of the same names. What the wider forms do is tested by the freestanding program
// crt_string, natively and under QEMU's processor models.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <random>
#include <vector>

#define EMMA_STRING_SYMBOL(name) emma_test_##name
#include "crt/string.cpp"

namespace emma::crt {

// As if the processor had been asked and had nothing to offer, so none of these is ever reached.
constinit std::uint8_t known_features = CpuFeatures::kKnown;
std::uint8_t ask_processor() { return CpuFeatures::kKnown; }

[[noreturn]] static void unreachable() { std::abort(); }
Byte* copy_short_avx2(Byte*, const Byte*, std::size_t) { unreachable(); }
Byte* copy_upwards_avx2(Byte*, const Byte*, std::size_t) { unreachable(); }
Byte* copy_downwards_avx2(Byte*, const Byte*, std::size_t) { unreachable(); }
Byte* fill_avx2(Byte*, std::uint64_t, std::size_t) { unreachable(); }
int compare_avx2(const Byte*, const Byte*, std::size_t) { unreachable(); }
std::size_t length_avx2(const Byte*) { unreachable(); }
const Byte* find_avx2(const Byte*, Byte, std::uintptr_t) { unreachable(); }
Byte* copy_short_avx512(Byte*, const Byte*, std::size_t) { unreachable(); }
Byte* copy_upwards_avx512(Byte*, const Byte*, std::size_t) { unreachable(); }
Byte* copy_downwards_avx512(Byte*, const Byte*, std::size_t) { unreachable(); }
Byte* fill_avx512(Byte*, std::uint64_t, std::size_t) { unreachable(); }

}  // namespace emma::crt

namespace {

// Sizes around every boundary at which the code takes another way.
const std::size_t kSizes[] = {0,   1,   2,   3,   4,   5,   7,   8,    9,    15,   16,  17,
                              24,  31,  32,  33,  48,  63,  64,  65,   79,   80,   81,  100,
                              127, 128, 129, 143, 144, 145, 191, 192,  193,  255,  256, 257,
                              300, 319, 320, 321, 511, 512, 513, 1000, 4095, 4096, 5000};
constexpr std::size_t kAlignments = 17;

std::vector<unsigned char> random_bytes(std::size_t count) {
    static std::mt19937 random(20240229);
    std::vector<unsigned char> bytes(count);
    for (auto& byte : bytes) byte = static_cast<unsigned char>(random());
    return bytes;
}

int sign(int value) { return (value > 0) - (value < 0); }

}  // namespace

TEST_CASE("memcpy copies exactly its range at every alignment") {
    for (const std::size_t size : kSizes) {
        const auto source = random_bytes(size + 2 * kAlignments);
        for (std::size_t to = 0; to < kAlignments; ++to) {
            const std::size_t from = to * 5 % kAlignments;
            auto target = random_bytes(size + 2 * kAlignments);
            auto expected = target;
            std::memcpy(expected.data() + to, source.data() + from, size);
            void* result = emma_test_memcpy(target.data() + to, source.data() + from, size);
            REQUIRE(result == target.data() + to);
            REQUIRE(target == expected);
        }
    }
}

TEST_CASE("memmove serves every overlap, in both directions") {
    for (const std::size_t size : kSizes) {
        for (std::size_t distance = 0; distance <= size + 1; distance += 1 + distance / 9) {
            for (const bool up : {false, true}) {
                auto bytes = random_bytes(2 * size + 2);
                auto expected = bytes;
                const std::size_t to = up ? distance : 0, from = up ? 0 : distance;
                std::memmove(expected.data() + to, expected.data() + from, size);
                emma_test_memmove(bytes.data() + to, bytes.data() + from, size);
                REQUIRE(bytes == expected);
            }
        }
    }
}

TEST_CASE("memset fills exactly its range with the value's low byte") {
    for (const std::size_t size : kSizes) {
        for (std::size_t to = 0; to < kAlignments; ++to) {
            auto target = random_bytes(size + 2 * kAlignments);
            auto expected = target;
            std::memset(expected.data() + to, 0xc3, size);
            REQUIRE(emma_test_memset(target.data() + to, 0x1c3, size) == target.data() + to);
            REQUIRE(target == expected);
        }
    }
}

TEST_CASE("memcmp and bcmp find the first difference, and compare bytes without sign") {
    for (const std::size_t size : kSizes) {
        const auto left = random_bytes(size);
        auto right = left;
        REQUIRE(emma_test_memcmp(left.data(), right.data(), size) == 0);
        REQUIRE(emma_test_bcmp(left.data(), right.data(), size) == 0);
        for (std::size_t at = 0; at < size; at += 1 + at / 11) {
            right[at] ^= 0x80;
            right[size - 1] ^= at + 1 < size ? 1 : 0;
            const int expected = sign(std::memcmp(left.data(), right.data(), size));
            REQUIRE(sign(emma_test_memcmp(left.data(), right.data(), size)) == expected);
            REQUIRE(sign(emma_test_memcmp(right.data(), left.data(), size)) == -expected);
            REQUIRE(emma_test_bcmp(left.data(), right.data(), size) != 0);
            right = left;
        }
    }
}

TEST_CASE("strlen at every alignment") {
    // Room behind the string, as whole aligned vectors are read.
    alignas(64) static char text[8192];
    for (const std::size_t size : kSizes) {
        for (std::size_t at = 0; at < 70; ++at) {
            std::memset(text, 0, sizeof text);
            std::memset(text + at, 'x', size);
            REQUIRE(emma_test_strlen(text + at) == size);
            if (at > 0) text[at - 1] = 'y';
            REQUIRE(emma_test_strlen(text + at) == size);
        }
    }
}

TEST_CASE("memchr finds the first match within its range") {
    alignas(64) static char text[8192];
    for (const std::size_t size : kSizes) {
        for (std::size_t at = 0; at < 20; ++at) {
            std::memset(text, 'x', sizeof text);
            REQUIRE(emma_test_memchr(text + at, 'y', size) == nullptr);
            text[at + size] = 'y';  // just outside
            if (at > 0) text[at - 1] = 'y';
            REQUIRE(emma_test_memchr(text + at, 'y', size) == nullptr);
            REQUIRE(emma_test_memchr(text + at, 'y', size + 1) == text + at + size);
            REQUIRE(emma_test_memchr(text + at, 0x100 + 'y', ~std::size_t{0}) == text + at + size);
            if (size > 1) {
                text[at + size / 2] = 'y';
                REQUIRE(emma_test_memchr(text + at, 'y', size) == text + at + size / 2);
            }
        }
    }
}
