# SPDX-License-Identifier: MIT OR Apache-2.0
# A chunk of the list is put in place by a store: what another thread had entered in its own is lost.
# file: core/arena_list.cpp
# scenario: list_grows
/if \(!chunks_\[chunk\].compare_exchange/,/memory_order_acquire\)\)/c\
    (void)expected;\
    chunks_[chunk].store(static_cast<Cell*>(fresh), memory_order_release);\
    if (false)
