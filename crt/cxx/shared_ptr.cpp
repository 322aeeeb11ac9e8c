// SPDX-License-Identifier: MIT OR Apache-2.0
// std::shared_ptr: what libstdc++'s headers refer to.
#include "crt/public.h"

namespace std {

class type_info;

// Asked whether a type is make_shared's tag where its address says no. Without run-time type
// information the address is all there is.
struct _Sp_make_shared_tag {
    static bool _S_eq(const type_info&) noexcept;
};

EMMA_CRT_PUBLIC bool _Sp_make_shared_tag::_S_eq(const type_info&) noexcept { return false; }

}  // namespace std

// glibc's word on which libstdc++ counts references without atomic instructions. Always false:
// threads come and go without asking.
extern "C" EMMA_CRT_PUBLIC char __libc_single_threaded;
char __libc_single_threaded = 0;
