// SPDX-License-Identifier: MIT OR Apache-2.0
// Binary trees: many of all depths that are built, counted and destroyed, while one large tree
// lives on.

// BENCH: trees 18 300
#include "workload.h"

struct node {
    struct node* left;
    struct node* right;
};

static struct node* build(unsigned depth) {
    struct node* node = bench_malloc(sizeof *node);
    node->left = depth == 0 ? NULL : build(depth - 1);
    node->right = depth == 0 ? NULL : build(depth - 1);
    return node;
}
static uint64_t count(const struct node* node) {
    return node == NULL ? 0 : 1 + count(node->left) + count(node->right);
}
static void destroy(struct node* node) {
    if (node == NULL) return;
    destroy(node->left);
    destroy(node->right);
    free(node);
}

int main(int argc, char** argv) {
    const unsigned depth = (unsigned)bench_argument(argc, argv, 0);
    const uint64_t percent = bench_rounds(argc, argv, bench_argument(argc, argv, 1));
    struct node* lasting = build(depth);
    uint64_t sum = 0;
    for (unsigned small = 4; small <= depth; small += 2) {
        const uint64_t trees = ((UINT64_C(1) << (depth - small)) * 4 * percent + 99) / 100;
        for (uint64_t i = 0; i < trees; i++) {
            struct node* tree = build(small);
            sum = bench_mix(sum, count(tree));
            destroy(tree);
        }
    }
    sum += count(lasting);
    destroy(lasting);
    return bench_finish(sum);
}
