// SPDX-License-Identifier: MIT OR Apache-2.0
// What grows by adding to a list: the table of arenas and huge objects, and the list of arenas. And
// pages that the source refuses to take back.
#include "core/large.h"
#include "tests/explorer/scenarios/arenas.h"

namespace emma::explore {
namespace {

constexpr std::uintptr_t address_of(unsigned number) {
    return (std::uintptr_t{1} << 40) + number * kSliceBytes;
}
constexpr std::size_t size_of(unsigned number) { return (number + 2) * kPageBytes; }

// How many of these addresses the first table takes.
unsigned fit_in_first_table() {
    ArenaTable scratch{};
    Pages pages{kSystemPages};
    unsigned count = 0;
    while (pages.mapped_bytes() == 0)
        scratch.insert(pages, address_of(count), size_of(count)), ++count;
    return count - 1;
}

class TableGrows : public Scenario {
    Pages pages_{kSystemPages};
    ArenaTable table_{};
    unsigned count_ = 0;

    void set_up() override {
        count_ = fit_in_first_table();
        for (unsigned i = 0; i < count_; ++i) table_.insert(pages_, address_of(i), size_of(i));
        expect(pages_.mapped_bytes() == 0, "the scenario's own mistake");
        name_field(table_, "table");
    }
    void run_thread(unsigned index) override {
        if (index == 2) {
            for (unsigned i = count_; i < count_ + 2; ++i) {
                const std::size_t bytes = table_.bytes_at(address_of(i));
                expect(bytes == 0 || bytes == size_of(i), "the size of another object");
            }
            return;
        }
        const unsigned mine = count_ + index;
        expect(table_.insert(pages_, address_of(mine), size_of(mine)), "no memory");
        expect(table_.bytes_at(address_of(mine)) == size_of(mine), "an insert is lost");
    }
    void check() override {
        for (unsigned i = 0; i < count_ + 2; ++i)
            expect(table_.bytes_at(address_of(i)) == size_of(i), "an entry is lost");
    }
};
const Registration<TableGrows> table_two("table_grows", 2,
                                         "two inserts for which there is no room");
const Registration<TableGrows> table_three("table_grows", 3, "and questions");

// Pages are gone and their address known no more, but its entry not yet free: another thread gets
// the same pages, gives them back, and gets them again.
class TableComesAgain : public Scenario {
    Pages pages_{kSystemPages};
    ArenaTable table_{};
    Atomic<std::uint32_t> unmapped_;
    bool came_ = false;  // the other

    void set_up() override {
        came_ = false;
        table_.insert(pages_, address_of(0), size_of(0));
        name_field(table_, "table");
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            const ArenaTable::Removal removal = table_.begin_removal(address_of(0));
            expect(removal.bytes == size_of(0), "an entry is lost");
            unmapped_.store(1, memory_order_release);
            table_.end_removal(removal, true);
            return;
        }
        if (unmapped_.load(memory_order_acquire) == 0) return;
        came_ = true;
        expect(table_.insert(pages_, address_of(0), size_of(1)), "no memory");
        const ArenaTable::Removal removal = table_.begin_removal(address_of(0));
        expect(removal.bytes == size_of(1), "the size of another object");
        table_.end_removal(removal, true);
        expect(table_.insert(pages_, address_of(0), size_of(2)), "no memory");
    }
    void check() override {
        expect(table_.bytes_at(address_of(0)) == (came_ ? size_of(2) : 0), "an entry is lost");
    }
};
const Registration<TableComesAgain> again("table_again", 2,
                                          "pages come again while they are being forgotten");

class ListGrows : public Scenario {
    Pages pages_{kSystemPages};
    ArenaList list_{};
    Arena* arenas_[10] = {};

    void set_up() override {
        for (Arena*& arena : arenas_)
            arena = Arena::make(pages_.map(2 * kSliceBytes, kArenaBytes), 2, kDefaultShape);
        for (unsigned i = 0; i < 8; ++i) list_.add(pages_, arenas_[i]);
        name_field(list_, "list");
    }
    void run_thread(unsigned index) override {
        if (index < 2) {
            expect(list_.add(pages_, arenas_[8 + index]) >= 8, "a place is given twice");
            return;
        }
        for (std::uint32_t place = 7; place < list_.end(); ++place)
            if (const Arena* const arena = list_.pin(place)) {
                expect(arena->head.place == place, "an arena at another's place");
                list_.unpin(place);
            }
    }
    void check() override {
        expect(list_.end() == 10, "the end of the list");
        for (Arena* arena : arenas_)
            expect(list_.pin(arena->head.place) == arena, "an arena is lost");
    }
};
const Registration<ListGrows> list_two("list_grows", 2, "two arenas for which there is no place");
const Registration<ListGrows> list_three("list_grows", 3, "and a reader");

// The source refuses to unmap an arena: it serves on.
class UnmapRefused : public Scenario {
    ArenaPool arenas_{kSystemPages};

    void set_up() override {
        name_pool(arenas_, "arenas");
        claim_and_use(1);
        arenas_.for_each([](Arena& arena) { name_arena(arena); });
        limit_unmaps(0);
    }
    void claim_and_use(std::uint64_t mark) {
        const SliceRange range = arenas_.claim(1, 1);
        expect(range.ok(), "no memory");
        use_slices(range, mark);
        arenas_.release(range.arena, range.first, range.count);
    }
    void run_thread(unsigned index) override {
        if (index == 0) arenas_.trim();
        if (index == 1) claim_and_use(2);
    }
    void check() override {
        expect(arenas_.pages().mapped_bytes() == bytes_mapped(), "the account of mapped bytes");
        limit_unmaps(~0u);
        arenas_.trim();
        expect(bytes_mapped() == 0, "an empty arena stays mapped");
    }
};
const Registration<UnmapRefused> refused("unmap_refused", 2, "a refused unmapping against a claim");

// Pages of a huge object that could not be unmapped: of several who try again one does it. With
// FOR=speed smaller ones are cached instead.
template <std::size_t kBytes>
class Spare : public Scenario {
    ArenaPool arenas_{kSystemPages};

    void set_up() override {
        name_pool(arenas_, "arenas");
        limit_unmaps(0);
        void* const object = allocate_large(arenas_, kBytes, 16).start;
        free_huge(arenas_, reinterpret_cast<std::uintptr_t>(object));
        limit_unmaps(~0u);
        expect(bytes_mapped() != 0, "the scenario's own mistake");
    }
    void run_thread(unsigned index) override {
        if (index < 2) {
            arenas_.trim();
        } else {
            (void)allocate_large(arenas_, kBytes, 16);
        }
    }
    void check() override {
        expect(arenas_.pages().mapped_bytes() == bytes_mapped(), "the account of mapped bytes");
    }
};
constexpr std::size_t kUncached = std::size_t{12} << 20, kCached = std::size_t{5} << 20;
const Registration<Spare<kUncached>> spare_two("spare", 2, "two unmap what was refused before");
const Registration<Spare<kUncached>> spare_three("spare", 3,
                                                 "and another takes an entry of the table");
constexpr const char* kNothingIsCached =
    kForSpeed ? nullptr : "no huge object is cached with FOR=size";
const Registration<Spare<kCached>> spare_cached_two("spare_cached", 2, "two unmap what was cached",
                                                    kNothingIsCached);
const Registration<Spare<kCached>> spare_cached_three("spare_cached", 3, "and another takes it",
                                                      kNothingIsCached);

// The cache of two mappings, of which one is taken: two threads free a huge object and allocate
// one, a third allocates too.
class CachedMapping : public Scenario {
    ArenaPool arenas_{kSystemPages};
    static constexpr unsigned kObjects = 3;
    std::uintptr_t object_[kObjects] = {};
    std::size_t taken_bytes_[kMaxThreads] = {};

    static std::size_t bytes_of(unsigned object) { return kCached + object * kPageBytes; }
    void set_up() override {
        name_pool(arenas_, "arenas");
        for (unsigned i = 0; i < kObjects; ++i)
            object_[i] =
                reinterpret_cast<std::uintptr_t>(allocate_large(arenas_, bytes_of(i), 16).start);
        for (std::size_t& bytes : taken_bytes_) bytes = 0;
        put(kObjects - 1);
    }
    void put(unsigned object) {
        reinterpret_cast<std::uint64_t*>(object_[object])[8] = 7;
        expect(free_huge(arenas_, object_[object]), "a live object is not known");
    }
    void run_thread(unsigned index) override {
        if (index < 2) put(index);
        const LargeObject taken = allocate_large(arenas_, kCached, 16);
        expect(taken.start != nullptr, "no memory");
        auto* const words = static_cast<std::uint64_t*>(taken.start);
        expect(words[8] == (taken.zeroed ? 0 : 7), "taken before its last use");
        const auto addr = reinterpret_cast<std::uintptr_t>(words);
        const std::size_t bytes = arenas_.table().bytes_at(addr);
        if (taken.zeroed) expect(bytes == kCached, "the size of a fresh object");
        for (unsigned i = 0; i < kObjects && !taken.zeroed; ++i)
            if (addr == object_[i]) expect(bytes == bytes_of(i), "the size of another");
        words[8] = 8;
        taken_bytes_[index] = bytes;
        expect(words[8] == 8, "two threads have one mapping");
    }
    void check() override {
        expect(arenas_.pages().mapped_bytes() == bytes_mapped(), "the account of mapped bytes");
        (void)arenas_.trim();
        std::size_t taken = taken_bytes_[0] + taken_bytes_[1] + taken_bytes_[2];
        arenas_.table().for_each_mapping([&](void*, std::size_t bytes) { taken += bytes; });
        expect(bytes_mapped() == taken, "a mapping is lost");
    }
};
const Registration<CachedMapping> cached_two("cached_mapping", 2, "two put and take mappings",
                                             kNothingIsCached);
const Registration<CachedMapping> cached_three("cached_mapping", 3, "and another takes",
                                               kNothingIsCached);

}  // namespace
}  // namespace emma::explore
