// SPDX-License-Identifier: MIT OR Apache-2.0
// std::list: what libstdc++'s headers leave to its archive. A ring of nodes; the list itself holds
// the one that is the end.
#include "crt/public.h"

namespace std::__detail {

struct _List_node_base {
    _List_node_base* next;
    _List_node_base* previous;

    static void swap(_List_node_base& left, _List_node_base& right) noexcept;
    void _M_transfer(_List_node_base* first, _List_node_base* last) noexcept;
    void _M_reverse() noexcept;
    void _M_hook(_List_node_base* position) noexcept;
    void _M_unhook() noexcept;
};

namespace {

// The ring's neighbours point to where its end lies now. `old_end` is where it lay.
void settle(_List_node_base& end, const _List_node_base* old_end) {
    if (end.next == old_end) {
        end.next = end.previous = &end;  // it was empty
    } else {
        end.next->previous = end.previous->next = &end;
    }
}

}  // namespace

EMMA_CRT_PUBLIC void _List_node_base::swap(_List_node_base& left, _List_node_base& right) noexcept {
    const _List_node_base kept = left;
    left = right;
    right = kept;
    settle(left, &right);
    settle(right, &left);
}

// [first, last), of any list, goes before this node.
EMMA_CRT_PUBLIC void _List_node_base::_M_transfer(_List_node_base* first,
                                                  _List_node_base* last) noexcept {
    if (this == last || first == last) return;
    _List_node_base* const final = last->previous;
    first->previous->next = last;
    last->previous = first->previous;
    previous->next = first;
    first->previous = previous;
    final->next = this;
    previous = final;
}

EMMA_CRT_PUBLIC void _List_node_base::_M_reverse() noexcept {
    _List_node_base* node = this;
    do {
        _List_node_base* const following = node->next;
        node->next = node->previous;
        node->previous = following;
        node = following;
    } while (node != this);
}

EMMA_CRT_PUBLIC void _List_node_base::_M_hook(_List_node_base* position) noexcept {
    next = position;
    previous = position->previous;
    previous->next = this;
    position->previous = this;
}

EMMA_CRT_PUBLIC void _List_node_base::_M_unhook() noexcept {
    previous->next = next;
    next->previous = previous;
}

}  // namespace std::__detail
