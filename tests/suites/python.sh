#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Python's own tests of its data types, collector, threads and libraries in C, under the preload library. All that the
# interpreter allocates comes from malloc (PYTHONMALLOC).
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

limit() { echo 240; }
programs() {
    printf 'test_%s\n' array ast asyncgen bigmem bisect buffer builtin bytes bz2 c_locale_coercion cmath code collections compile \
        complex contextlib copy coroutines csv ctypes datetime decimal deque descr dict dictviews difflib dis enum \
        enumerate exceptions fileio float fork1 format fractions frame fstring functools gc generators genexps grammar \
        gzip hash hashlib heapq inspect int io isinstance iter itertools json list listcomps long lzma mailbox \
        marshal math memoryio memoryview mmap module named_expressions operator ordered_dict pickle pickletools plistlib \
        posix pprint property pyexpat queue random range re richcmp sched scope select selectors set shelve slice sort \
        statistics string string_literals strtod struct structseq subprocess super symtable tempfile thread \
        threading threading_local threadsignals time tokenize traceback tuple types typing unicode unicodedata \
        unpack userdict uuid weakref weakset xml_etree xml_etree_c yield_from zipfile zlib
}
# test_threading starts processes that must end in time: not beside a busy CI.
quick() { printf 'test_%s\n' dict gc list; }
run() { PYTHONMALLOC=malloc on_emma /usr/bin/python3 -m test "$1"; }
