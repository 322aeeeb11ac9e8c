// SPDX-License-Identifier: MIT OR Apache-2.0
// How objects of musl's archive behind Emma's call its malloc, where a program's own malloc is not
// meant: Emma's serves them too, so that musl's is never linked.
#include <cstddef>

#include "crt/public.h"

extern "C" {

void* malloc(std::size_t bytes);
void* calloc(std::size_t count, std::size_t bytes);
void* realloc(void* object, std::size_t bytes);
void free(void* object);

EMMA_CRT_PUBLIC void* __libc_malloc(std::size_t bytes) { return malloc(bytes); }
EMMA_CRT_PUBLIC void* __libc_calloc(std::size_t count, std::size_t bytes) {
    return calloc(count, bytes);
}
EMMA_CRT_PUBLIC void* __libc_realloc(void* object, std::size_t bytes) {
    return realloc(object, bytes);
}
EMMA_CRT_PUBLIC void __libc_free(void* object) { free(object); }
}
