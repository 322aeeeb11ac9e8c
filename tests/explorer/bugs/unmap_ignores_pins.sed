# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena is unmapped while a claim looks at it.
# file: core/trim.cpp
# scenario: unmap_claim
s/ \|\| list_.is_pinned\(place\)//
