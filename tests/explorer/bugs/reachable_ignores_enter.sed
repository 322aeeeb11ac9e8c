# SPDX-License-Identifier: MIT OR Apache-2.0
# A trim goes on in a heap of its thread that it may not enter.
# file: core/instance.h
# rebuild: tests/explorer/scenarios/handlers.cpp
# scenario: handler_trims
# options: TLS=1
/^void Instance::with_heap_alone/,/^}/s/^    if \(heap->enter\(\)\) \{$/    (void)heap->enter();\n    {/
