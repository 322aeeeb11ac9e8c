# SPDX-License-Identifier: MIT OR Apache-2.0
# A thread gives its old heap up before it has the new one.
# file: core/instance.cpp
# scenario: handler_attach_anew
# options: TLS=1
/^    if \(present->busy.is_unoccupied\(\)\) HeapPool::release\(present\);$/d
s/^    ThreadHeap\* expected = present;$/    if (present->busy.is_unoccupied()) HeapPool::release(present);\n&/
