// SPDX-License-Identifier: MIT OR Apache-2.0
// ceil and floor, which headers of the C++ library ask for (std::unordered_map of its number of
// buckets). What is left of the point is taken by a conversion; from 2^52 (long double: 2^63) on a
// number has no fraction.
#include "crt/public.h"

namespace {

template <typename Number>
Number whole(Number number, Number limit, int towards) {
    if (!(number > -limit && number < limit)) return number;  // large, infinite or not a number
    Number result = static_cast<Number>(static_cast<long>(number));
    if (towards > 0 ? result < number : result > number) result += static_cast<Number>(towards);
    return result == 0 ? number * 0 : result;  // keeps the sign of a zero
}

constexpr double kLimit = 4503599627370496.0;
constexpr long double kLongLimit = 9223372036854775808.0L;

}  // namespace

extern "C" {
EMMA_CRT_PUBLIC double ceil(double number) { return whole(number, kLimit, 1); }
EMMA_CRT_PUBLIC double floor(double number) { return whole(number, kLimit, -1); }
EMMA_CRT_PUBLIC long double ceill(long double number) { return whole(number, kLongLimit, 1); }
EMMA_CRT_PUBLIC long double floorl(long double number) { return whole(number, kLongLimit, -1); }
EMMA_CRT_PUBLIC float ceilf(float number) {
    return static_cast<float>(whole(double{number}, kLimit, 1));
}
EMMA_CRT_PUBLIC float floorf(float number) {
    return static_cast<float>(whole(double{number}, kLimit, -1));
}
}
