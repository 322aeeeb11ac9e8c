# SPDX-License-Identifier: MIT OR Apache-2.0
# A thread drains a heap that it was given, or gives back, without a look at the visitor.
# file: core/heap.cpp
# scenario: handler_attach_visited
# options: TLS=1
/^void ThreadHeap::drain\(\)/,/^}/s/^    if \(!enter\(\)\) return;$/    (void)enter();/
