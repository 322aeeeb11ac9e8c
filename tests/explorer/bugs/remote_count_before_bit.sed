# SPDX-License-Identifier: MIT OR Apache-2.0
# put_remote() counts the free before its bit is set.
# file: core/heap.cpp
# scenario: remote_free
/if \(freed_words_of\(slab\)\[word_index_of\(slot\)\].test_and_set_bit/,/panic/d
s/if \(!slab->owner.add_remote_free\(memory_order_acq_rel\)\) return;/const bool is_first = slab->owner.add_remote_free(memory_order_acq_rel);\n    if (freed_words_of(slab)[word_index_of(slot)].test_and_set_bit(raw(slot) % 64)) panic(Misuse::kDoubleFree, pointer, 0);\n    if (!is_first) return;/
