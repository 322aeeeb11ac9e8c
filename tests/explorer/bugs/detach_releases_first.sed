# SPDX-License-Identifier: MIT OR Apache-2.0
# A thread gives its heap up before it is no longer said to have it.
# file: core/instance.cpp
# scenario: handler_detach
# options: TLS=1
/^void detach_thread/,/^}/{
/^    t_heap.store\(&g_no_heap, memory_order_relaxed\);$/d
s/^    HeapPool::release\(heap\);$/&\n    t_heap.store(\&g_no_heap, memory_order_relaxed);/
}
