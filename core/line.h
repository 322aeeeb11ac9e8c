// SPDX-License-Identifier: MIT OR Apache-2.0
// Text without a libc: a line that is put together on the stack, and the caller's function that
// takes it. Allocates nothing, calls nothing but that function; for panics, findings and reports.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emma {

// A line built in place; what does not fit is cut.
class Line {
  public:
    void add(const char* text) {
        while (*text != '\0') put(*text++);
    }
    // In base 10 or 16.
    void add_number(std::uintptr_t value, unsigned base) {
        const std::uintptr_t rest = value / base;
        const char digit = "0123456789abcdef"[value % base];
        if (rest != 0) add_number(rest, base);
        put(digit);
    }
    // In base 10, the last digit in column `end` (from 1 on), or one blank behind what is there.
    void add_number_to_column(std::size_t value, std::size_t end) {
        std::size_t digits = 1;
        for (std::size_t rest = value; rest >= 10; rest /= 10) ++digits;
        do put(' ');
        while (length_ + digits < end);
        add_number(value, 10);
    }
    // With a 0 behind it.
    const char* text() {
        text_[length_] = '\0';
        return text_;
    }
    std::size_t length() const { return length_; }

  private:
    void put(char c) {
        if (length_ < sizeof text_ - 1) text_[length_++] = c;
    }
    std::size_t length_ = 0;
    char text_[128];  // the longest line has 80
};

// Where text goes, in pieces or whole lines; `write` may be null where that is said.
struct Report {
    void (*write)(void* context, const char* text, std::size_t length);
    void* context;

    // The line with its end.
    void put(Line& line) const {
        line.add("\n");
        write(context, line.text(), line.length());
    }
};

}  // namespace emma
