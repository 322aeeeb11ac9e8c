// SPDX-License-Identifier: MIT OR Apache-2.0
// std::placeholders::_1 to _29, empty objects of std::bind, of which code that is not optimised
// takes the addresses.
#include "crt/public.h"

#define EMMA_CRT_PLACEHOLDER(number, symbol)                                 \
    extern EMMA_CRT_PUBLIC const char emma_placeholder_##number asm(symbol); \
    const char emma_placeholder_##number = 0;

extern "C" {
EMMA_CRT_PLACEHOLDER(1, "_ZNSt12placeholders2_1E")
EMMA_CRT_PLACEHOLDER(2, "_ZNSt12placeholders2_2E")
EMMA_CRT_PLACEHOLDER(3, "_ZNSt12placeholders2_3E")
EMMA_CRT_PLACEHOLDER(4, "_ZNSt12placeholders2_4E")
EMMA_CRT_PLACEHOLDER(5, "_ZNSt12placeholders2_5E")
EMMA_CRT_PLACEHOLDER(6, "_ZNSt12placeholders2_6E")
EMMA_CRT_PLACEHOLDER(7, "_ZNSt12placeholders2_7E")
EMMA_CRT_PLACEHOLDER(8, "_ZNSt12placeholders2_8E")
EMMA_CRT_PLACEHOLDER(9, "_ZNSt12placeholders2_9E")
EMMA_CRT_PLACEHOLDER(10, "_ZNSt12placeholders3_10E")
EMMA_CRT_PLACEHOLDER(11, "_ZNSt12placeholders3_11E")
EMMA_CRT_PLACEHOLDER(12, "_ZNSt12placeholders3_12E")
EMMA_CRT_PLACEHOLDER(13, "_ZNSt12placeholders3_13E")
EMMA_CRT_PLACEHOLDER(14, "_ZNSt12placeholders3_14E")
EMMA_CRT_PLACEHOLDER(15, "_ZNSt12placeholders3_15E")
EMMA_CRT_PLACEHOLDER(16, "_ZNSt12placeholders3_16E")
EMMA_CRT_PLACEHOLDER(17, "_ZNSt12placeholders3_17E")
EMMA_CRT_PLACEHOLDER(18, "_ZNSt12placeholders3_18E")
EMMA_CRT_PLACEHOLDER(19, "_ZNSt12placeholders3_19E")
EMMA_CRT_PLACEHOLDER(20, "_ZNSt12placeholders3_20E")
EMMA_CRT_PLACEHOLDER(21, "_ZNSt12placeholders3_21E")
EMMA_CRT_PLACEHOLDER(22, "_ZNSt12placeholders3_22E")
EMMA_CRT_PLACEHOLDER(23, "_ZNSt12placeholders3_23E")
EMMA_CRT_PLACEHOLDER(24, "_ZNSt12placeholders3_24E")
EMMA_CRT_PLACEHOLDER(25, "_ZNSt12placeholders3_25E")
EMMA_CRT_PLACEHOLDER(26, "_ZNSt12placeholders3_26E")
EMMA_CRT_PLACEHOLDER(27, "_ZNSt12placeholders3_27E")
EMMA_CRT_PLACEHOLDER(28, "_ZNSt12placeholders3_28E")
EMMA_CRT_PLACEHOLDER(29, "_ZNSt12placeholders3_29E")
}
