// SPDX-License-Identifier: MIT OR Apache-2.0
// std::unordered_map, std::unordered_set and their multi forms: how many buckets they have.
// libstdc++'s headers leave that to its archive; the layout and the names are its binary interface.
#include <cstddef>

#include "crt/public.h"

namespace {

// Divisors above this are not tried: a number of buckets without small factors serves as well as a
// prime, and a table of more than 2^32 buckets is made rarely enough.
constexpr std::size_t kLargestDivisor = 65536;

bool has_factor(std::size_t odd) {
    for (std::size_t divisor = 3; divisor < kLargestDivisor && divisor * divisor <= odd;
         divisor += 2) {
        if (odd % divisor == 0) return true;
    }
    return false;
}

// The least prime that is not below `least`.
std::size_t prime_from(std::size_t least) {
    constexpr std::size_t kLargestPrime = 0xffffffffffffffc5;
    if (least <= 2) return 2;
    if (least >= kLargestPrime) return kLargestPrime;
    std::size_t candidate = least | 1;
    while (has_factor(candidate)) candidate += 2;
    return candidate;
}

// Buckets times load factor, within what the type holds.
std::size_t scaled(std::size_t buckets, double factor) {
    const double product = static_cast<double>(buckets) * factor;
    constexpr double kLimit = 18446744073709549568.0;  // the greatest double below 2^64
    return product >= kLimit ? ~std::size_t{0} : static_cast<std::size_t>(product);
}

constexpr std::size_t kFirstElements = 11;  // for which there is room after the first insertion
constexpr std::size_t kGrowth = 2;

}  // namespace

namespace std::__detail {

struct MaybeRehash {  // stands for std::pair<bool, std::size_t>, returned in the same registers
    bool needed;
    std::size_t buckets;
};

struct _Prime_rehash_policy {
    std::size_t _M_next_bkt(std::size_t least) const;
    MaybeRehash _M_need_rehash(std::size_t buckets, std::size_t elements, std::size_t more) const;

    float max_load_factor;
    mutable std::size_t next_resize;  // elements that the buckets hold; 0: nothing was inserted yet
};

// Buckets for a hint of `least`. A hint of nothing leaves the one bucket that is in the table
// itself.
EMMA_CRT_PUBLIC std::size_t _Prime_rehash_policy::_M_next_bkt(std::size_t least) const {
    if (least == 0) return 1;
    const std::size_t buckets = prime_from(least);
    next_resize = scaled(buckets, max_load_factor);
    return buckets;
}

EMMA_CRT_PUBLIC MaybeRehash _Prime_rehash_policy::_M_need_rehash(std::size_t buckets,
                                                                 std::size_t elements,
                                                                 std::size_t more) const {
    if (elements + more <= next_resize) return {false, 0};
    std::size_t wanted = elements + more;
    if (next_resize == 0 && wanted < kFirstElements) wanted = kFirstElements;
    const std::size_t least = scaled(wanted, 1.0 / static_cast<double>(max_load_factor));
    if (least >= buckets) {
        const std::size_t grown = buckets * kGrowth;
        return {true, _M_next_bkt(least + 1 > grown ? least + 1 : grown)};
    }
    next_resize = scaled(buckets, max_load_factor);
    return {false, 0};
}

}  // namespace std::__detail
