// SPDX-License-Identifier: MIT OR Apache-2.0
// Giving a whole instance back, whatever is live in it: for heaps of the program's own. Nobody else
// uses the instance any more. What a source refuses to take back stays with the source.
#include "core/instance.h"

namespace emma {

void Instance::unmap_all() {
    heaps.unmap_all(arenas.pages());
    arenas.unmap_all();
}

// The heap at the start of a mapping stands for it. The list of heaps lies in the mappings, so
// those are strung together before the first one goes.
void HeapPool::unmap_all(Pages& pages) {
    ThreadHeap* first_in_mapping = nullptr;
    for (ThreadHeap* heap = newest(); heap != &first_;) {
        ThreadHeap* const older = heap->older;
        if ((reinterpret_cast<std::uintptr_t>(heap) & (kMappingBytes - 1)) == 0) {
            heap->older = first_in_mapping;
            first_in_mapping = heap;
        }
        heap = older;
    }
    while (first_in_mapping != nullptr) {
        ThreadHeap* const next = first_in_mapping->older;
        (void)pages.unmap(first_in_mapping, kMappingBytes);
        first_in_mapping = next;
    }
}

void ArenaPool::unmap_all() {
    std::size_t unmapped = 0;
    for_each([&](Arena& arena) { (void)arena.unmap(pages_, unmapped); });
    table_.for_each([&](std::uintptr_t addr, std::size_t bytes) {
        if (bytes != ArenaTable::kArenaMark)
            (void)pages_.unmap(reinterpret_cast<void*>(addr), bytes);
    });
    table_.retry_unmapping([&](std::uintptr_t addr, std::size_t bytes) {
        return pages_.unmap(reinterpret_cast<void*>(addr), bytes);
    });
    (void)pages_.retry_unmapping();
    const auto unmap = [&](void* pages, std::size_t bytes) { (void)pages_.unmap(pages, bytes); };
    table_.for_each_mapping(unmap);
    list_.for_each_mapping(unmap);
}

}  // namespace emma
