// SPDX-License-Identifier: MIT OR Apache-2.0
// The string functions of C23 (7.26), and those of POSIX and GNU that compilers and headers name.
// Each is an archive member of its own and weak: a program takes what it calls, may define any of
// them itself, and may take the rest of a libc from that libc's archive. Thread- and signal-safe
// unless said otherwise; the memory functions that compilers call are in crt/string.cpp.
#pragma once

#include <cstddef>

#include "crt/panic.h"
#include "crt/public.h"

#define EMMA_CRT_C extern "C" EMMA_CRT_PUBLIC

extern "C" {
// ---- crt/string.cpp ----
void* memcpy(void* to, const void* from, std::size_t n);
void* memmove(void* to, const void* from, std::size_t n);
void* memset(void* to, int byte, std::size_t n);
int memcmp(const void* left, const void* right, std::size_t n);
void* memchr(const void* from, int byte, std::size_t n);
std::size_t strlen(const char* string);

// ---- C23 ----
void* memccpy(void* to, const void* from, int byte, std::size_t n);
void* memset_explicit(void* to, int byte, std::size_t n);
char* strcat(char* to, const char* from);
char* strchr(const char* string, int byte);
int strcmp(const char* left, const char* right);
int strcoll(const char* left, const char* right);
char* strcpy(char* to, const char* from);
std::size_t strcspn(const char* string, const char* set);
char* strdup(const char* string);
char* strerror(int number);
char* strncat(char* to, const char* from, std::size_t n);
int strncmp(const char* left, const char* right, std::size_t n);
char* strncpy(char* to, const char* from, std::size_t n);
char* strndup(const char* string, std::size_t n);
char* strpbrk(const char* string, const char* set);
char* strrchr(const char* string, int byte);
std::size_t strspn(const char* string, const char* set);
char* strstr(const char* string, const char* part);
char* strtok(char* string, const char* separators);
std::size_t strxfrm(char* to, const char* from, std::size_t n);

// ---- POSIX and GNU ----
void bcopy(const void* from, void* to, std::size_t n);
void bzero(void* to, std::size_t n);
void explicit_bzero(void* to, std::size_t n);
char* index(const char* string, int byte);
void* memmem(const void* string, std::size_t length, const void* part, std::size_t part_length);
void* mempcpy(void* to, const void* from, std::size_t n);
void* memrchr(const void* from, int byte, std::size_t n);
void* rawmemchr(const void* from, int byte);
char* rindex(const char* string, int byte);
char* stpcpy(char* to, const char* from);
char* stpncpy(char* to, const char* from, std::size_t n);
int strcasecmp(const char* left, const char* right);
char* strcasestr(const char* string, const char* part);
char* strchrnul(const char* string, int byte);
std::size_t strlcat(char* to, const char* from, std::size_t room);
std::size_t strlcpy(char* to, const char* from, std::size_t room);
int strncasecmp(const char* left, const char* right, std::size_t n);
std::size_t strnlen(const char* string, std::size_t n);
char* strsep(char** string, const char* separators);
char* strtok_r(char* string, const char* separators, char** rest);

// ---- _FORTIFY_SOURCE ----
void* __memcpy_chk(void* to, const void* from, std::size_t n, std::size_t room);
void* __memmove_chk(void* to, const void* from, std::size_t n, std::size_t room);
void* __mempcpy_chk(void* to, const void* from, std::size_t n, std::size_t room);
void* __memset_chk(void* to, int byte, std::size_t n, std::size_t room);
void __explicit_bzero_chk(void* to, std::size_t n, std::size_t room);
char* __strcpy_chk(char* to, const char* from, std::size_t room);
char* __stpcpy_chk(char* to, const char* from, std::size_t room);
char* __strncpy_chk(char* to, const char* from, std::size_t n, std::size_t room);
char* __stpncpy_chk(char* to, const char* from, std::size_t n, std::size_t room);
char* __strcat_chk(char* to, const char* from, std::size_t room);
char* __strncat_chk(char* to, const char* from, std::size_t n, std::size_t room);
std::size_t __strlcpy_chk(char* to, const char* from, std::size_t n, std::size_t room);
std::size_t __strlcat_chk(char* to, const char* from, std::size_t n, std::size_t room);
[[noreturn]] void __chk_fail();

// ---- elsewhere ----
void* malloc(std::size_t size);
}

namespace emma::crt {

using Byte = unsigned char;

inline Byte to_byte(char character) { return static_cast<Byte>(character); }

// A letter of the C locale in lower case, any other byte as it is.
inline int to_lower(char character) {
    const int byte = to_byte(character);
    return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

// A set of bytes: one bit each.
class ByteSet {
  public:
    explicit ByteSet(const char* bytes) {
        for (; *bytes != 0; ++bytes) word(to_byte(*bytes)) |= bit(to_byte(*bytes));
    }
    bool has(char character) const {
        return (words_[to_byte(character) / kWordBits] & bit(to_byte(character))) != 0;
    }

  private:
    static constexpr unsigned kWordBits = 64;
    static unsigned long bit(Byte byte) { return 1UL << byte % kWordBits; }
    unsigned long& word(Byte byte) { return words_[byte / kWordBits]; }
    unsigned long words_[256 / kWordBits] = {};
};

// _FORTIFY_SOURCE: `n` bytes are about to be written where the compiler knows of `room`.
#define EMMA_CRT_CHECK_ROOM(function, n, room) \
    if ((n) > (room)) emma::crt::panic("emma: buffer overflow detected in " function "\n")

}  // namespace emma::crt
