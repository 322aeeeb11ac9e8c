// SPDX-License-Identifier: MIT OR Apache-2.0
// Spare pages used again: those that a source refused to take back, each range known by its entry
// in the table. In a file of its own: sources that can refuse ask for it before they ask for more
// (own_heap.cpp, bare/page_source.cpp, reserve.cpp).
//
// The right to a range is its entry, as for unmapping. A thread that ends while it has one, or is
// left behind by a fork, loses that range; of ranges that it is joining, those that are one by
// then. While a thread has a range others do not find it, so one of several threads that share the
// last spare pages may be refused what another one is about to leave.
#include "arch/arch.h"
#include "core/arena_pool.h"

namespace emma {
namespace {

// What is asked for: pages at `base` plus a multiple of `alignment`.
struct Wish {
    std::size_t bytes;
    std::size_t alignment;
    std::uintptr_t base;

    // The highest place for it in a range; 0: there is none. At the end, so that the entry of the
    // range names what is left in front. Pages of no special alignment leave nothing behind them,
    // which would need an entry: so the table can grow into spare pages.
    std::uintptr_t place_in(std::uintptr_t addr, std::size_t range_bytes) const {
        if (range_bytes < bytes) return 0;
        const std::uintptr_t last = addr + range_bytes - bytes;
        const std::size_t behind = (last - base) & (alignment - 1);
        return behind <= last - addr ? last - behind : 0;
    }
};

// The start of the shortest range that has room, the lowest of those; 0: none has.
std::uintptr_t find_range(const ArenaTable& table, const Wish& wish) {
    std::uintptr_t best = 0;
    std::size_t best_bytes = 0;
    table.for_each_spare([&](std::uintptr_t addr, std::size_t bytes) {
        if (wish.place_in(addr, bytes) == 0) return;
        if (best != 0 && (bytes > best_bytes || (bytes == best_bytes && addr > best))) return;
        best = addr;
        best_bytes = bytes;
    });
    return best;
}

// Makes one of ranges that follow each other directly; false: none do.
bool join_ranges(ArenaTable& table) {
    bool has_joined = false;
    table.for_each_spare([&](std::uintptr_t addr, std::size_t bytes) {
        if (table.spare_bytes_at(addr + bytes) == 0) return;
        const ArenaTable::Removal range = table.begin_removal(addr | ArenaTable::kSparePages);
        std::size_t sum = range.bytes;
        if (sum == 0) return;
        for (;;) {
            const ArenaTable::Removal next =
                table.begin_removal((addr + sum) | ArenaTable::kSparePages);
            if (next.bytes == 0) break;
            table.end_removal(next, true);
            sum += next.bytes;
            has_joined = true;
        }
        table.end_removal_as_spare(range, sum);
    });
    return has_joined;
}

enum class Cut : char { kDone, kRefused, kLost };

// Takes the pages at the end of the range that starts at `addr`; the rest is spare again. kRefused:
// what they leave behind them needs an entry, and the table cannot grow. kLost: another thread was
// first.
Cut cut_range(ArenaTable& table, Pages& pages, std::uintptr_t addr, const Wish& wish,
              std::uintptr_t& place) {
    const ArenaTable::Removal range = table.begin_removal(addr | ArenaTable::kSparePages);
    if (range.bytes == 0) return Cut::kLost;
    place = wish.place_in(addr, range.bytes);
    Cut result = place == 0 ? Cut::kLost : Cut::kDone;
    const std::uintptr_t behind = place + wish.bytes;
    const std::uintptr_t end = addr + range.bytes;
    if (result == Cut::kDone && behind != end &&
        !table.insert(pages, behind | ArenaTable::kSparePages, end - behind))
        result = Cut::kRefused;
    if (result != Cut::kDone) {
        table.end_removal(range, false);
    } else if (place == addr) {
        table.end_removal(range, true);
    } else {
        table.end_removal_as_spare(range, place - addr);
    }
    return result;
}

}  // namespace

// Every further round has joined ranges or met another thread that got one.
void* ArenaPool::take_spare(std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    const Wish wish{bytes, alignment, base};
    std::uintptr_t place = 0;
    for (Cut cut = Cut::kLost; cut != Cut::kDone;) {
        const std::uintptr_t addr = find_range(table_, wish);
        if (addr != 0) cut = cut_range(table_, pages_, addr, wish, place);
        if (cut == Cut::kRefused || (addr == 0 && !join_ranges(table_))) return nullptr;
    }
    pages_.count_back(bytes);
    void* const pages = reinterpret_cast<void*>(place);
    const bool may_purge = pages_.source().purge != nullptr;
    if (!may_purge || !pages_.purge(pages, bytes)) arch::zero_bytes(pages, bytes);
    return pages;
}

void ArenaPool::keep_spare(void* pages, std::size_t bytes) {
    const auto addr = reinterpret_cast<std::uintptr_t>(pages);
    pages_.count(bytes);
    if (!table_.insert(pages_, addr | ArenaTable::kSparePages, bytes))
        (void)pages_.unmap_or_keep(pages, bytes);
}

// With what an alignment may cost, at any page: a source that takes nothing back mostly gives one
// place behind the other, and the gaps before aligned ones would be lost, and keep what lies
// between them from being joined.
void* ArenaPool::map_beside_spare(std::size_t bytes, std::size_t alignment, std::uintptr_t base,
                                  MapFunction fresh, void* context) {
    if (void* const spare = take_spare(bytes, alignment, base)) return spare;
    if (alignment > kPageBytes && alignment <= kArenaBytes && bytes <= kMaxRequestBytes) {
        const std::size_t enough = bytes + alignment - kPageBytes;
        if (void* const pages = fresh(context, enough, kPageBytes, 0)) {
            keep_spare(pages, enough);
            if (void* const spare = take_spare(bytes, alignment, base)) return spare;
        }
    }
    return fresh(context, bytes, alignment, base);
}

}  // namespace emma
