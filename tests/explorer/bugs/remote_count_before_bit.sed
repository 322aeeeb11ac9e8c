# SPDX-License-Identifier: MIT OR Apache-2.0
# put_remote() counts the word before its bit is set.
# file: core/heap.cpp
# scenario: remote_free
s/^    const std::uint64_t bit = bit_of\(slot\);$/&\n    const bool is_new = word.load(memory_order_relaxed) == 0;\n    const bool is_first = is_new \&\& slab->owner.add_remote_word(this, memory_order_acq_rel);/
s/if \(!slab->owner.add_remote_word\(this, memory_order_acq_rel\)\) return false;/if (!is_first) return false;/
