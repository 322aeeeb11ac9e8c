// SPDX-License-Identifier: MIT OR Apache-2.0
// The red-black trees below std::map, by their own names: after each of many insertions and
// erasures in random order every invariant holds (no red node with a red child, as many black nodes
// on each path, order, parents, the header's three words), and walks in both directions meet each
// node once.
#include "tests/freestanding/test.h"

namespace std {
enum _Rb_tree_color { _S_red = 0, _S_black = 1 };
struct _Rb_tree_node_base {
    _Rb_tree_color color;
    _Rb_tree_node_base *parent, *left, *right;
};
_Rb_tree_node_base* _Rb_tree_increment(_Rb_tree_node_base*) noexcept;
_Rb_tree_node_base* _Rb_tree_decrement(_Rb_tree_node_base*) noexcept;
void _Rb_tree_insert_and_rebalance(bool, _Rb_tree_node_base*, _Rb_tree_node_base*,
                                   _Rb_tree_node_base&) noexcept;
_Rb_tree_node_base* _Rb_tree_rebalance_for_erase(_Rb_tree_node_base*, _Rb_tree_node_base&) noexcept;
unsigned _Rb_tree_black_count(const _Rb_tree_node_base*, const _Rb_tree_node_base*) noexcept;
}  // namespace std

namespace {

using Base = std::_Rb_tree_node_base;
struct Node : Base {
    unsigned key;
};
constexpr unsigned kNodes = 64;
Node nodes[kNodes];
bool in_tree[kNodes];
unsigned count = 0;
Base header{std::_S_red, nullptr, &header, &header};

unsigned key_of(const Base* node) { return static_cast<const Node*>(node)->key; }

void insert(Node* node) {
    Base* parent = &header;
    bool to_left = true;
    for (Base* at = header.parent; at != nullptr; at = to_left ? at->left : at->right) {
        parent = at;
        to_left = node->key < key_of(at);
    }
    std::_Rb_tree_insert_and_rebalance(to_left, node, parent, header);
}

// Black nodes on each path down to nothing.
unsigned check_below(const Base* node, const Base* parent) {
    if (node == nullptr) return 0;
    CHECK(node->parent == parent);
    const bool red = node->color == std::_S_red;
    CHECK(!red || parent->color == std::_S_black || parent == &header);
    CHECK(node->left == nullptr || key_of(node->left) < key_of(node));
    CHECK(node->right == nullptr || key_of(node->right) > key_of(node));
    const unsigned black = check_below(node->left, node);
    CHECK(black == check_below(node->right, node));
    return black + !red;
}

void check() {
    CHECK(header.color == std::_S_red);
    CHECK(header.parent == nullptr || header.parent->color == std::_S_black);
    const unsigned black = check_below(header.parent, &header);
    unsigned met = 0, last = 0;
    for (Base* node = header.left; node != &header; node = std::_Rb_tree_increment(node)) {
        CHECK(in_tree[static_cast<Node*>(node) - nodes]);
        CHECK(met == 0 || key_of(node) > last);
        last = key_of(node);
        met++;
        if (node->left == nullptr) CHECK(std::_Rb_tree_black_count(node, header.parent) == black);
    }
    CHECK(met == count);
    if (count == 0) {
        CHECK(header.parent == nullptr && header.left == &header && header.right == &header);
        return;
    }
    for (Base* node = std::_Rb_tree_decrement(&header);; node = std::_Rb_tree_decrement(node)) {
        met--;
        if (node == header.left) break;
    }
    CHECK(met == 0);
}

}  // namespace

int main() {
    test_random random = {0x7ee5};
    for (unsigned at = 0; at < kNodes; at++) nodes[at].key = (at * 37 + 5) % 101;
    // The size drifts up and down, to nothing too.
    for (unsigned round = 0; round < 12000; round++) {
        const unsigned wanted = (round / 1000) % 2 ? 2 : 50;
        const unsigned at = test_next(&random) % kNodes;
        const bool grow =
            count < wanted ? test_next(&random) % 4 != 0 : test_next(&random) % 4 == 0;
        if (grow == in_tree[at]) continue;
        if (grow) {
            insert(&nodes[at]);
        } else {
            CHECK(std::_Rb_tree_rebalance_for_erase(&nodes[at], header) == &nodes[at]);
        }
        in_tree[at] = grow;
        count += grow ? 1u : -1u;
        check();
    }
    for (unsigned at = 0; at < kNodes; at++) {
        if (!in_tree[at]) continue;
        std::_Rb_tree_rebalance_for_erase(&nodes[at], header);
        in_tree[at] = false;
        count--;
        check();
    }
    return 0;
}
