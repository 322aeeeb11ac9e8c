# SPDX-License-Identifier: MIT OR Apache-2.0
# A thread drains the heap that it was given without a look at the visitor.
# file: core/instance.cpp
# scenario: handler_attach_visited
# options: TLS=1
/^bool attach_thread/,/^}/s/^    if \(heap->enter\(\)\) \{$/    (void)heap->enter();\n    {/
