// SPDX-License-Identifier: MIT OR Apache-2.0
// Stands before libstdc++'s header of this name, which every other of its headers includes, and
// goes on to it. libstdc++ promises (extern template) that its archive holds std::string and others
// ready-made; there is no such archive here, so each program makes what it uses.
#include_next <bits/c++config.h>
#undef _GLIBCXX_EXTERN_TEMPLATE
#define _GLIBCXX_EXTERN_TEMPLATE 0
