// SPDX-License-Identifier: MIT OR Apache-2.0
// std::map, std::set and their multi forms: what libstdc++'s headers leave to its archive.
// Red-black trees after Guibas and Sedgewick. The nodes' layout, the names and what the header node
// holds are libstdc++'s binary interface:
//
//     header: colour red, parent the root (null: the tree is empty; then left and right are the
//     header),
//             left the first node, right the last one
//     root:   its parent is the header
#include "crt/public.h"

namespace std {

enum _Rb_tree_color { _S_red = 0, _S_black = 1 };

struct _Rb_tree_node_base {
    _Rb_tree_color color;
    _Rb_tree_node_base* parent;
    _Rb_tree_node_base* left;
    _Rb_tree_node_base* right;
};

}  // namespace std

namespace {

using Node = std::_Rb_tree_node_base;
using Child = Node* Node::*;  // left or right

bool is_black(const Node* node) { return node == nullptr || node->color == std::_S_black; }

Child other(Child side) { return side == &Node::left ? &Node::right : &Node::left; }

Node* outermost(Node* node, Child side) {
    while (node->*side != nullptr) node = node->*side;
    return node;
}

// The next node on that side in order, or the header after the last one.
Node* neighbour(Node* node, Child side) {
    if (node->*side != nullptr) return outermost(node->*side, other(side));
    Node* parent = node->parent;
    while (node == parent->*side) {
        node = parent;
        parent = node->parent;
    }
    // The header is the root's parent and the root may be its outermost child: then `node` is the
    // header itself, and `parent` the root.
    return node->*side == parent ? node : parent;
}

// `to` takes the place of `from` below from's parent.
void replace(Node* from, Node* to, Node& header) {
    Node* const parent = from->parent;
    if (header.parent == from) {
        header.parent = to;
    } else if (parent->left == from) {
        parent->left = to;
    } else {
        parent->right = to;
    }
    if (to != nullptr) to->parent = parent;
}

// `node` goes down on `side`, its child on the other side takes its place.
void rotate(Node* node, Child side, Node& header) {
    Node* const child = node->*other(side);
    Node* const moved = child->*side;
    node->*other(side) = moved;
    if (moved != nullptr) moved->parent = node;
    replace(node, child, header);
    child->*side = node;
    node->parent = child;
}

Child side_of(const Node* node) { return node == node->parent->left ? &Node::left : &Node::right; }

// `node` is red; its parent may be, which is put right upwards.
void balance_after_insertion(Node* node, Node& header) {
    while (node != header.parent && !is_black(node->parent)) {
        Node* parent = node->parent;
        Node* const grandparent = parent->parent;
        const Child side = side_of(parent);
        Node* const uncle = grandparent->*other(side);
        if (!is_black(uncle)) {
            parent->color = uncle->color = std::_S_black;
            grandparent->color = std::_S_red;
            node = grandparent;
            continue;
        }
        if (node == parent->*other(side)) {
            rotate(parent, side, header);
            parent = node;
        }
        parent->color = std::_S_black;
        grandparent->color = std::_S_red;
        rotate(grandparent, other(side), header);
        break;
    }
    header.parent->color = std::_S_black;
}

// The paths through `node`, perhaps null, below `parent`, have one black node too few.
void balance_after_erasure(Node* node, Node* parent, Node& header) {
    while (node != header.parent && is_black(node)) {
        const Child side = node == parent->left ? &Node::left : &Node::right;
        Node* sibling = parent->*other(side);
        if (!is_black(sibling)) {
            sibling->color = std::_S_black;
            parent->color = std::_S_red;
            rotate(parent, side, header);
            sibling = parent->*other(side);
        }
        if (is_black(sibling->left) && is_black(sibling->right)) {
            sibling->color = std::_S_red;
            node = parent;
            parent = node->parent;
            continue;
        }
        if (is_black(sibling->*other(side))) {
            (sibling->*side)->color = std::_S_black;
            sibling->color = std::_S_red;
            rotate(sibling, other(side), header);
            sibling = parent->*other(side);
        }
        sibling->color = parent->color;
        parent->color = std::_S_black;
        (sibling->*other(side))->color = std::_S_black;
        rotate(parent, side, header);
        break;
    }
    if (node != nullptr) node->color = std::_S_black;
}

// `node`, which has two children, is taken out: its successor takes its place and colour. Returns
// the node from where the tree is to be balanced, perhaps null, with its parent.
Node* replace_by_successor(Node* node, Node*& parent, Node& header) {
    Node* const successor = outermost(node->right, &Node::left);
    Node* const child = successor->right;
    if (successor == node->right) {
        parent = successor;
    } else {
        parent = successor->parent;
        parent->left = child;
        if (child != nullptr) child->parent = parent;
        successor->right = node->right;
        successor->right->parent = successor;
    }
    replace(node, successor, header);
    successor->left = node->left;
    successor->left->parent = successor;
    const std::_Rb_tree_color color = successor->color;
    successor->color = node->color;
    node->color = color;
    return child;
}

}  // namespace

namespace std {

EMMA_CRT_PUBLIC _Rb_tree_node_base* _Rb_tree_increment(_Rb_tree_node_base* node) noexcept {
    return neighbour(node, &Node::right);
}

EMMA_CRT_PUBLIC const _Rb_tree_node_base* _Rb_tree_increment(
    const _Rb_tree_node_base* node) noexcept {
    return neighbour(const_cast<Node*>(node), &Node::right);
}

// Before the header, the end, comes the last node.
EMMA_CRT_PUBLIC _Rb_tree_node_base* _Rb_tree_decrement(_Rb_tree_node_base* node) noexcept {
    const bool is_header = node->color == _S_red && node->parent->parent == node;
    return is_header ? node->right : neighbour(node, &Node::left);
}

EMMA_CRT_PUBLIC const _Rb_tree_node_base* _Rb_tree_decrement(
    const _Rb_tree_node_base* node) noexcept {
    return _Rb_tree_decrement(const_cast<Node*>(node));
}

// `parent` is the header in an empty tree, to whose left the first node comes.
EMMA_CRT_PUBLIC void _Rb_tree_insert_and_rebalance(bool to_left, _Rb_tree_node_base* node,
                                                   _Rb_tree_node_base* parent,
                                                   _Rb_tree_node_base& header) noexcept {
    node->parent = parent;
    node->left = node->right = nullptr;
    node->color = _S_red;
    if (parent == &header) {
        header.parent = header.left = header.right = node;
    } else if (to_left) {
        parent->left = node;
        if (header.left == parent) header.left = node;
    } else {
        parent->right = node;
        if (header.right == parent) header.right = node;
    }
    balance_after_insertion(node, header);
}

// Returns the node that is now out of the tree: `node`.
EMMA_CRT_PUBLIC _Rb_tree_node_base* _Rb_tree_rebalance_for_erase(
    _Rb_tree_node_base* node, _Rb_tree_node_base& header) noexcept {
    if (header.left == node) header.left = neighbour(node, &Node::right);
    if (header.right == node) header.right = neighbour(node, &Node::left);
    Node* parent = node->parent;
    Node* child = node->left == nullptr ? node->right : node->left;
    if (node->left != nullptr && node->right != nullptr) {
        child = replace_by_successor(node, parent, header);
    } else {
        replace(node, child, header);
    }
    if (node->color == _S_black) balance_after_erasure(child, parent, header);
    if (header.parent == nullptr) header.left = header.right = &header;
    return node;
}

// Black nodes from `node` up to `root`, both counted: for the tree's own check of itself.
EMMA_CRT_PUBLIC unsigned _Rb_tree_black_count(const _Rb_tree_node_base* node,
                                              const _Rb_tree_node_base* root) noexcept {
    unsigned count = 0;
    for (; node != nullptr; node = node->parent) {
        if (node->color == _S_black) ++count;
        if (node == root) break;
    }
    return count;
}

}  // namespace std
