// SPDX-License-Identifier: MIT OR Apache-2.0
// A real program for tests/bench/run: clang compiles this, templates and a good part of the
// standard library.

// BENCH: clang /usr/bin/clang++ -std=c++20 -O1 -S % -o -
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N>
struct Chain {
    static std::map<std::string, std::vector<int>> make() {
        auto all = Chain<N - 1>::make();
        all[std::to_string(N)].push_back(N);
        return all;
    }
};
template <>
struct Chain<0> {
    static std::map<std::string, std::vector<int>> make() { return {}; }
};

using Value = std::variant<int, double, std::string, std::vector<int>>;

int count() {
    std::unordered_map<std::string, std::optional<Value>> seen;
    for (auto& [name, numbers] : Chain<40>::make()) {
        std::sort(numbers.begin(), numbers.end());
        seen[name] = numbers;
    }
    return static_cast<int>(seen.size());
}
