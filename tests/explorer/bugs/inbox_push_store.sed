# SPDX-License-Identifier: MIT OR Apache-2.0
# The push on the inbox is load and store: another push is lost.
# file: core/heap.cpp
# scenario: inbox
s/\} while \(!inbox.compare_exchange\(head, slab, memory_order_release, memory_order_relaxed\)\);/    inbox.store(slab, memory_order_release);\n    } while (false);/
