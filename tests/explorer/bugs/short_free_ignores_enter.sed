# SPDX-License-Identifier: MIT OR Apache-2.0
# The short way of a free goes on in a heap that it may not enter.
# file: core/short_free.h
# rebuild: core/emma.cpp
# scenario: handler_freed_in
# options: FOR=speed TLS=1
s/^    if \(!home->enter\(\)\) return false;$/    (void)home->enter();/
