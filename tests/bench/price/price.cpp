// SPDX-License-Identifier: MIT OR Apache-2.0
// Three loops in which allocation is everything, for tests/bench/price/run: a pair of malloc and
// free, random replacement among many live objects, and trees that are built and taken down.
//
//   price pair|replace|tree [ROUNDS]
#include <emma.h>
#include <emma_crt.h>
#include <cstddef>
#include <cstdint>

#include "tests/freestanding/test.h"

namespace {

void run_pairs(std::uint64_t rounds) {
    for (std::uint64_t i = 0; i < rounds; i++)
        emma_free(test_opaque_pointer(emma_malloc(test_opaque(48))));
}

void run_replacement(std::uint64_t rounds) {
    constexpr std::size_t kCount = 20000;
    static void* objects[kCount];
    test_random random = {1};
    for (std::uint64_t i = 0; i < rounds; i++) {
        void*& object = objects[test_below(&random, kCount)];
        emma_free(object);
        object = emma_malloc(16 + test_below(&random, 400));
        *static_cast<char*>(object) = 1;
    }
}

struct Node {
    Node* left;
    Node* right;
};
Node* build(unsigned depth) {
    auto* const node = static_cast<Node*>(emma_malloc(sizeof(Node)));
    *node = depth == 0 ? Node{nullptr, nullptr} : Node{build(depth - 1), build(depth - 1)};
    return node;
}
void take_down(Node* node) {
    if (node->left != nullptr) take_down(node->left);
    if (node->right != nullptr) take_down(node->right);
    emma_free(node);
}
void run_trees(std::uint64_t rounds) {
    for (std::uint64_t i = 0; i < rounds; i++) take_down(build(14));
}

}  // namespace

int main(int argc, char** argv) {
    CHECK(argc >= 2 && emma_thread_attach() == 0);
    switch (argv[1][0]) {
        case 'p':
            run_pairs(test_argument(argc, argv, 2, 20000000));
            return 0;
        case 'r':
            run_replacement(test_argument(argc, argv, 2, 10000000));
            return 0;
        case 't':
            run_trees(test_argument(argc, argv, 2, 300));
            return 0;
    }
    return 1;
}
