# SPDX-License-Identifier: MIT OR Apache-2.0
# collect() takes the bits that it found off the account, not the freers that it counted.
# file: core/heap.cpp
# scenario: remote_free
s/settle\(slab, due - counted\)/settle(slab, due - found)/
