# SPDX-License-Identifier: MIT OR Apache-2.0
# Slices are purged that were free when last looked at.
# file: core/arena.cpp
# scenario: purge
/if \(!claim_exactly\(first, count\)\) continue;/d
