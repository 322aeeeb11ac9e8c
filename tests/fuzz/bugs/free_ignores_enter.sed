# SPDX-License-Identifier: MIT OR Apache-2.0
# free goes on in a heap that it may not enter.
# file: core/emma.cpp
# steps: 40000
/^EMMA_PUBLIC void emma_free/,/^}/s/^    if \(!heap->enter\(\)\)/    if (!heap->enter() \&\& heap == \&g_no_heap)/
