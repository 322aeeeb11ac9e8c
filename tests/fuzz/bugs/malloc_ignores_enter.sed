# SPDX-License-Identifier: MIT OR Apache-2.0
# malloc goes on in a heap that it may not enter.
# file: core/emma.cpp
# steps: 40000
/^EMMA_PUBLIC void\* emma_malloc/,/^}/s/^    if \(!heap->enter\(\)\)/    if (!heap->enter() \&\& heap == \&g_no_heap)/
