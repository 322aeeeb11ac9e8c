# SPDX-License-Identifier: MIT OR Apache-2.0
# A borrowed heap is returned before it is left.
# file: core/instance.cpp
# scenario: handler_borrow_trim
/^HeapLease::~HeapLease/,/^}/{
/^    heap_->leave\(\);$/d
s/^    if \(is_borrowed_\) HeapPool::release\(heap_\);$/&\n    heap_->leave();/
}
