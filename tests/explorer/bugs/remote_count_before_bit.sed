# SPDX-License-Identifier: MIT OR Apache-2.0
# put_remote() counts the free before its bit is set.
# file: core/heap.cpp
# scenario: remote_free
/if \(freed_words_of\(slab\)\[word_index_of\(slot\)\].test_and_set_bit/,/panic/d
s/if \(slab->freed_count.fetch_add\(1, memory_order_acq_rel\) != 0\) return;/const bool is_first = slab->freed_count.fetch_add(1, memory_order_acq_rel) == 0;\n    if (freed_words_of(slab)[word_index_of(slot)].test_and_set_bit(raw(slot) % 64)) panic(Misuse::kDoubleFree, pointer, 0);\n    if (!is_first) return;/
