// SPDX-License-Identifier: MIT OR Apache-2.0
// Where assert of the host's <assert.h> ends (LSB 5.0, __assert_fail): one line on descriptor 2,
// then abort. A signal handler may call it.
#include <cstddef>

#include "arch/linux/process.h"
#include "crt/public.h"
#include "crt/string/functions.h"

extern "C" [[noreturn]] void abort();

namespace {

// A line of bounded length, so that one call writes it.
class AssertLine {
  public:
    AssertLine& operator<<(const char* text) {
        for (; text != nullptr && *text != 0 && length_ < kRoom - 1; ++text)
            bytes_[length_++] = *text;
        return *this;
    }
    AssertLine& operator<<(unsigned number) {
        char digits[11];
        char* first = digits + sizeof digits - 1;
        *first = 0;
        do *--first = static_cast<char>('0' + number % 10);
        while ((number /= 10) != 0);
        return *this << first;
    }
    void write() {
        bytes_[length_++] = '\n';
        (void)emma::arch::write(emma::arch::kStderr, bytes_, length_);
    }

  private:
    static constexpr std::size_t kRoom = 512;
    std::size_t length_ = 0;
    char bytes_[kRoom];
};

[[noreturn]] void fail(const char* assertion, const char* file, unsigned line,
                       const char* function) {
    AssertLine text;
    text << "emma: assertion failed: " << assertion << " (" << file << ":" << line;
    if (function != nullptr) text << ", " << function;
    text << ")";
    text.write();
    abort();
}

}  // namespace

extern "C" {

[[noreturn]] EMMA_CRT_PUBLIC void __assert_fail(const char* assertion, const char* file,
                                                unsigned line, const char* function) {
    fail(assertion, file, line, function);
}

// The same of a program without GNU extensions.
[[noreturn]] EMMA_CRT_PUBLIC void __assert(const char* assertion, const char* file, int line) {
    fail(assertion, file, static_cast<unsigned>(line), nullptr);
}
}
