# SPDX-License-Identifier: MIT OR Apache-2.0
# A thread whose handler has got it a heap keeps its own one too.
# file: core/instance.cpp
# scenario: handler_attach
# options: TLS=1
/if \(!t_heap.compare_exchange/,/^    }/{
/^        HeapPool::release\(heap\);$/d
}
