# SPDX-License-Identifier: MIT OR Apache-2.0
# A borrowed heap is returned before it is left.
# file: core/instance.cpp
# scenario: handler_borrow_trim
/^HeapLease::~HeapLease/,/^}/{
/^    heap_->leave\(\);$/d
s/^    if \(heap_->borrower.*\) return;$/    if (heap_->borrower.load(memory_order_relaxed) == nullptr) {\n        heap_->leave();\n        return;\n    }/
s/^    HeapPool::release\(heap_\);$/&\n    heap_->leave();/
}
