# SPDX-License-Identifier: MIT OR Apache-2.0
# Who may not enter a heap leaves it unoccupied.
# file: core/heap.h
# rebuild: core/emma.cpp core/instance.cpp
# scenario: handler
# options: TLS=1
s/^        busy.put_back\(before\);$/        busy.exit();/
