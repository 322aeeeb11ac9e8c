// SPDX-License-Identifier: MIT OR Apache-2.0
// What two programs of every configure script call, by which it learns whether programs run and
// what numbers are: they open a file and write a number into it. One of meson's prints it. For
// these alone emma-cc links the functions below as fopen, fprintf and so on. No other program gets
// them. A stream is a descriptor.
#include <cstddef>
#include <cstdint>

#include "arch/arch.h"

namespace {

constexpr long kOpen = 2;
constexpr long kWrite = 1;
constexpr long kClose = 3;
constexpr long kWriteCreateTruncate = 01 | 0100 | 01000;
constexpr long kMode = 0666;

int descriptor(void* stream) { return static_cast<int>(reinterpret_cast<std::intptr_t>(stream)); }

// In decimal, with a newline or without; whether all of it was written.
bool write_number(int to, bool negative, unsigned long number, bool newline) {
    char digits[24];
    char* first = digits + sizeof digits;
    if (newline) *--first = '\n';
    do *--first = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    if (negative) *--first = '-';
    const long length = digits + sizeof digits - first;
    return emma::arch::syscall3(kWrite, to, reinterpret_cast<long>(first), length) == length;
}

}  // namespace

extern "C" {
void* emma_conftest_fopen(const char* path, const char* mode);
int emma_conftest_fprintf(void* stream, const char* format, unsigned long number);
int emma_conftest_fprintf_chk(void* stream, int flag, const char* format, unsigned long number);
int emma_conftest_printf(const char* format, long number);
int emma_conftest_printf_chk(int flag, const char* format, long number);
int emma_conftest_ferror(void* stream);
int emma_conftest_fclose(void* stream);

// Null if the file can't be made. Descriptor 0 is open in any configure script.
void* emma_conftest_fopen(const char* path, const char*) {
    const long raw =
        emma::arch::syscall3(kOpen, reinterpret_cast<long>(path), kWriteCreateTruncate, kMode);
    return raw <= 0 ? nullptr : reinterpret_cast<void*>(raw);
}

// The formats are "%ld" and "%lu". In the variadic call the number is where it is here.
int emma_conftest_fprintf(void* stream, const char* format, unsigned long number) {
    const bool negative = format[2] == 'd' && static_cast<long>(number) < 0;
    return write_number(descriptor(stream), negative, negative ? 0 - number : number, false) ? 1
                                                                                             : -1;
}

// The same as headers have it with _FORTIFY_SOURCE.
int emma_conftest_fprintf_chk(void* stream, int, const char* format, unsigned long number) {
    return emma_conftest_fprintf(stream, format, number);
}

// The formats are "%ld\n" and "%d\n".
int emma_conftest_printf(const char* format, long number) {
    constexpr int kStdout = 1;
    if (format[1] == 'd') number = static_cast<int>(number);
    const auto bits = static_cast<unsigned long>(number);
    return write_number(kStdout, number < 0, number < 0 ? 0 - bits : bits, true) ? 1 : -1;
}

int emma_conftest_printf_chk(int, const char* format, long number) {
    return emma_conftest_printf(format, number);
}

int emma_conftest_ferror(void*) { return 0; }

int emma_conftest_fclose(void* stream) {
    return emma::arch::syscall1(kClose, descriptor(stream)) == 0 ? 0 : -1;
}
}
