// SPDX-License-Identifier: MIT OR Apache-2.0
// Headers of the C++ library that need nothing from its archive work in a program without a libc:
// containers, strings and algorithms on operator new. What would throw ends with a line.
#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/freestanding/crt_child.h"

namespace {

void vectors() {
    std::vector<int> numbers;
    for (int number = 1000; number > 0; --number) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    CHECK(numbers.front() == 1 && numbers.back() == 1000);
    CHECK(std::accumulate(numbers.begin(), numbers.end(), 0) == 500500);
    const std::span<const int> part(numbers.data() + 10, 5);
    CHECK(part.size() == 5 && part[0] == 11);
}

void strings() {
    std::string text = "a string";
    for (int round = 0; round < 20; ++round) text += " that grows, ";
    CHECK(text.size() == 8 + 20 * 13);
    CHECK(text.find("grows") == 14);
    const std::string_view view = std::string_view(text).substr(2, 6);
    CHECK(view == "string" && view.find('g') == 5);
    std::vector<std::string> words = {"three", "one", "two"};
    std::sort(words.begin(), words.end());
    CHECK(words[0] == "one" && words[1] == "three");
}

void pointers() {
    const auto owner = std::make_unique<std::array<int, 100>>();
    (*owner)[99] = 5;
    const std::function<int(int)> add = [&owner](int number) { return number + (*owner)[99]; };
    CHECK(add(2) == 7);
    std::optional<std::string> maybe;
    CHECK(!maybe.has_value());
    maybe = "now";
    CHECK(maybe->size() == 3);
}

void out_of_range() {
    const std::vector<int> numbers(test_opaque(3));
    test_exit(numbers.at(test_opaque(3)));
}

}  // namespace

int main() {
    vectors();
    strings();
    pointers();
    const child_end end = run_child(out_of_range);
    CHECK(!end.exited && end.value == kSignalIll);
    CHECK(starts_with(end.output, "emma: std::out_of_range thrown without exceptions\n"));
}
