# SPDX-License-Identifier: MIT OR Apache-2.0
# An operation goes on in a heap of its thread that it may not enter.
# file: core/instance.cpp
# scenario: handler_freed_in
# options: FOR=size TLS=1
/^    if \(!own->enter\(\) \&\&/,/return false;/c\
    (void)own->enter();
