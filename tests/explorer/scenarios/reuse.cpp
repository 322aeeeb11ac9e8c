// SPDX-License-Identifier: MIT OR Apache-2.0
// Entries of the table of arenas and huge objects are used again, for other addresses and for the
// same, while others ask, remove and walk.
#include "core/large.h"
#include "core/proof.h"
#include "tests/explorer/scenarios/arenas.h"

namespace emma::explore {
namespace {

constexpr std::size_t kFirstBytes = 5 * kArenaBytes, kLaterBytes = 7 * kArenaBytes;

// Two addresses whose search begins at one entry: the second takes it as soon as it is free.
struct Addresses {
    std::uintptr_t first = std::uintptr_t{17} << 40;
    std::uintptr_t second = first;
    Addresses() {
        // As in arena_table.h, for the 16 entries of the first table.
        const auto place = [](std::uintptr_t addr) {
            return static_cast<std::size_t>((addr >> kPageShift) * 0x61c88647 >> 32) & 15;
        };
        do second += kArenaBytes;
        while (place(second) != place(first));
    }
};

struct Table {
    Pages pages{kSystemPages};
    ArenaTable table{};
    Addresses addresses{};

    void begin() {
        expect(table.insert(pages, addresses.first, kFirstBytes), "no memory");
        name_field(table, "table");
    }
    void remove(std::uintptr_t addr, std::size_t bytes) {
        const ArenaTable::Removal removal = table.begin_removal(addr);
        expect(removal.bytes == bytes, "the size of another object");
        table.end_removal(removal, true);
    }
    // A huge object goes, and its entry is used again: by an arena, by a huge object of another
    // size, or by one at the same address.
    void use_again(std::uintptr_t key, std::size_t bytes) {
        remove(addresses.first, kFirstBytes);
        expect(table.insert(pages, key, bytes), "no memory");
    }
};

// Questions about both addresses. kArena: the next use is an arena.
template <bool kArena>
class AskEntry : public Scenario {
    Table t_;
    std::size_t found_ = 0, found_later_ = 0;
    bool is_arena_ = false;

    void set_up() override { t_.begin(); }
    void run_thread(unsigned index) override {
        if (index != 0) {
            found_ = t_.table.bytes_at(t_.addresses.first);
            is_arena_ = t_.table.is_arena(t_.addresses.first);
            found_later_ = t_.table.bytes_at(t_.addresses.second);
        } else if (kArena) {
            t_.use_again(t_.addresses.second | ArenaTable::kArena, ArenaTable::kArenaMark);
        } else {
            t_.use_again(t_.addresses.second, kLaterBytes);
        }
    }
    void check() override {
        expect(found_ == 0 || found_ == kFirstBytes, "the size of another object");
        expect(found_later_ == 0 || found_later_ == kLaterBytes, "the size of the object before");
        expect(!is_arena_, "a huge object is taken for an arena");
    }
};
const Registration<AskEntry<true>> ask_arena("ask_entry", 2, "an entry is used again, by an arena");
const Registration<AskEntry<false>> ask_huge("ask_entry_huge", 2, "by another huge object");

// The same address comes again, with another size: what is removed is what was known then.
class RemoveEntry : public Scenario {
    Table t_;
    std::size_t removed_[2] = {};

    void set_up() override { t_.begin(); }
    void remove(unsigned index) {
        const ArenaTable::Removal removal = t_.table.begin_removal(t_.addresses.first);
        removed_[index] += removal.bytes;
        if (removal.bytes != 0) t_.table.end_removal(removal, true);
    }
    void run_thread(unsigned index) override {
        remove(index);
        if (index != 0) return;
        expect(t_.table.insert(t_.pages, t_.addresses.first, kLaterBytes), "no memory");
        remove(index);
    }
    void check() override {
        remove(0);
        expect(removed_[0] + removed_[1] == kFirstBytes + kLaterBytes, "a size of another time");
    }
};
const Registration<RemoveEntry> remove_entry("remove_entry", 2, "an address is known again");

// A walk meets entries that are used again.
template <bool kArena>
class WalkEntry : public Scenario {
    Table t_;
    unsigned wrong_ = 0;

    void set_up() override { t_.begin(); }
    void run_thread(unsigned index) override {
        if (index == 0) {
            const std::uintptr_t mark = kArena ? ArenaTable::kArena : 0;
            t_.use_again(t_.addresses.second | mark, kArena ? ArenaTable::kArenaMark : kLaterBytes);
            return;
        }
        const std::size_t later = kArena ? ArenaTable::kArenaMark : kLaterBytes;
        t_.table.for_each([&](std::uintptr_t addr, std::size_t bytes) {
            const bool is_first = addr == t_.addresses.first && bytes == kFirstBytes;
            const bool is_second = addr == t_.addresses.second && bytes == later;
            if (!is_first && !is_second) ++wrong_;
        });
    }
    void check() override { expect(wrong_ == 0, "the size of another object"); }
};
const Registration<WalkEntry<true>> walk_arena("walk_entry", 2, "a walk, and an arena");
const Registration<WalkEntry<false>> walk_huge("walk_entry_huge", 2, "a walk, and a huge object");

// Through the front door: a question about a huge object that is freed and whose entry and proof
// place an arena may get.
class AskOwns : public Scenario {
    ArenaPool arenas_{kSystemPages};
    std::uintptr_t object_ = 0;

    void set_up() override {
        object_ = reinterpret_cast<std::uintptr_t>(allocate_large(arenas_, kFirstBytes, 16).start);
        name_field(arenas_.table(), "table");
    }
    void run_thread(unsigned index) override {
        if (index != 0) return (void)locate_guarded(arenas_, object_);
        free_huge(arenas_, object_);
        const SliceRange range = arenas_.claim(1, 1);
        expect(range.ok(), "no memory");
        use_slices(range, 5);
        arenas_.release(range.arena, range.first, range.count);
    }
    void check() override {
        expect(!arenas_.was_proved(object_) || arenas_.table().is_arena(object_), "a false proof");
    }
};
const Registration<AskOwns> ask_owns("ask_owns", 2, "a question beside a free and a new arena");

// Pages that a source did not take back: two threads cut one range, or one cuts it while another
// one leaves pages before it; a third one tries to unmap them. Each page has one user at most, and
// none is lost.
template <bool kFrees>
class CutSpare : public Scenario {
    static constexpr std::size_t kRange = 2 * kPageBytes;
    ArenaPool arenas_{kSystemPages};
    std::byte* range_ = nullptr;
    std::size_t taken_ = 0;
    std::size_t taken_bytes_[kMaxThreads] = {};

    void set_up() override {
        name_pool(arenas_, "arenas");
        range_ = static_cast<std::byte*>(
            kSystemPages.map(kSystemPages.context, 2 * kRange, kPageBytes, 0));
        arenas_.keep_spare(range_ + kRange, kRange);
        if (!kFrees) arenas_.keep_spare(range_, kRange);
        for (std::size_t& bytes : taken_bytes_) bytes = 0;
    }
    void take(unsigned index, std::size_t bytes) {
        auto* const word = static_cast<std::uint64_t*>(arenas_.take_spare(bytes, kPageBytes, 0));
        if (word == nullptr) return;
        expect(*word == 0, "pages that are used again are not zero");
        *word = index + 1;
        expect(*word == index + 1, "two threads have one page");
        taken_bytes_[index] = bytes;
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            take(index, kPageBytes);
        } else if (index == 2) {
            (void)arenas_.trim();
        } else if (kFrees) {
            arenas_.keep_spare(range_, kRange);
        } else {
            take(index, kPageBytes + kRange);  // of two ranges that touch
        }
    }
    void check() override {
        const std::size_t taken = taken_bytes_[0] + taken_bytes_[1];
        expect(arenas_.pages().mapped_bytes() + taken == bytes_mapped(), "the account");
        (void)arenas_.trim();
        expect(bytes_mapped() == taken, "pages are lost");
    }
};
const Registration<CutSpare<false>> cut_two("cut_spare", 2, "two cut pages that touch");
const Registration<CutSpare<true>> cut_freed("cut_spare_freed", 2, "beside a range that comes");
const Registration<CutSpare<true>> cut_unmapped("cut_spare_freed", 3, "and a trim");

}  // namespace
}  // namespace emma::explore
