// SPDX-License-Identifier: MIT OR Apache-2.0
// memmem (POSIX 2024), and strstr by it: the two-way algorithm of Crochemore and Perrin (1991).
// Linear time, no memory: the part is cut where its period shows; what is right of the cut is
// compared first, upwards, then what is left of it, downwards.
#include "crt/string/functions.h"

namespace {

using emma::crt::Byte;

struct Cut {
    std::size_t at;      // bytes to the left of it
    std::size_t period;  // of what is to the right of it
};

// The largest suffix in one order of the bytes, or in the reverse one, and its period.
Cut largest_suffix(const Byte* part, std::size_t length, bool reversed) {
    std::size_t suffix = 0, candidate = 1, matched = 0, period = 1;
    while (candidate + matched < length) {
        const Byte left = part[suffix + matched], right = part[candidate + matched];
        if (left == right) {
            if (++matched == period) {
                candidate += period;
                matched = 0;
            }
        } else if ((right < left) != reversed) {  // the candidate is smaller
            candidate += matched + 1;
            matched = 0;
            period = candidate - suffix;
        } else {
            suffix = candidate++;
            matched = 0;
            period = 1;
        }
    }
    return {suffix, period};
}

// A critical factorisation: the later of the two cuts.
Cut critical_cut(const Byte* part, std::size_t length) {
    const Cut upwards = largest_suffix(part, length, false);
    const Cut downwards = largest_suffix(part, length, true);
    return upwards.at > downwards.at ? upwards : downwards;
}

// length >= part_length >= 1.
const Byte* find(const Byte* string, std::size_t length, const Byte* part,
                 std::size_t part_length) {
    const Cut cut = critical_cut(part, part_length);
    // Whether the whole part has that period: then a shift by it keeps what matched.
    const bool periodic = memcmp(part, part + cut.period, cut.at) == 0;
    const std::size_t rest = part_length - cut.at;
    const std::size_t shift = periodic ? cut.period : (cut.at > rest ? cut.at : rest) + 1;
    std::size_t known = 0;  // bytes of the part that surely match at this place
    for (std::size_t place = 0; place <= length - part_length;) {
        std::size_t at = cut.at > known ? cut.at : known;
        while (at < part_length && part[at] == string[place + at]) ++at;
        if (at < part_length) {
            place += at - cut.at + 1;
            known = 0;
            continue;
        }
        at = cut.at;
        while (at > known && part[at - 1] == string[place + at - 1]) --at;
        if (at <= known) return string + place;
        place += shift;
        known = periodic ? part_length - cut.period : 0;
    }
    return nullptr;
}

}  // namespace

EMMA_CRT_C void* memmem(const void* string, std::size_t length, const void* part,
                        std::size_t part_length) {
    const auto* const bytes = static_cast<const Byte*>(string);
    const auto* const wanted = static_cast<const Byte*>(part);
    if (part_length == 0) return const_cast<void*>(string);
    if (length < part_length) return nullptr;
    // Most searches end at the first byte.
    const void* const first = memchr(bytes, wanted[0], length - part_length + 1);
    if (first == nullptr || part_length == 1) return const_cast<void*>(first);
    const auto skipped = static_cast<std::size_t>(static_cast<const Byte*>(first) - bytes);
    return const_cast<Byte*>(find(bytes + skipped, length - skipped, wanted, part_length));
}
