// SPDX-License-Identifier: MIT OR Apache-2.0
// A region's pages: spans across the words of its bitmap, taken where there is room or exactly
// there, given back, grown and cut in place. No page has two holders, each is zero when it is
// taken, and all are free in the end.
#include "core/region.h"
#include "tests/explorer/explorer.h"
#include "tests/explorer/scenarios/names.h"

namespace emma::explore {
namespace {

// Two words of the bitmap: the last two pages have the second. Short spans come from the end.
constexpr unsigned kRegionPages = 66;
constexpr unsigned kUsedPages = 12;  // no scenario gets further from the end

class Pieces : public Scenario {
  protected:
    Region* region_ = nullptr;
    std::uintptr_t start_ = 0;

    void set_up() override {
        const std::size_t bytes = (kRegionPages + 1) * kPageBytes;  // the last has the head
        void* const memory = kSystemPages.map(kSystemPages.context, bytes, kPageBytes, 0);
        region_ = Region::make(memory, bytes, 0, Region::Fresh::kZeroed);
        start_ = reinterpret_cast<std::uintptr_t>(memory);
        expect(all_free(), "the scenario's own mistake");
        name_field(*region_, "region");
        name_range(static_cast<char*>(region_->owner_room()) - 64, 8, 2, "words");
        for (unsigned page = kRegionPages - kUsedPages; page < kRegionPages; ++page) {
            auto* const word = reinterpret_cast<std::uint64_t*>(addr_of(page));
            name_range(word, sizeof *word, 1, "page");
            // The first word stands for its page.
            leave_out(word + 1, kPageBytes - sizeof *word);
        }
    }
    std::uintptr_t addr_of(unsigned page) const { return start_ + page * kPageBytes; }
    bool all_free() const { return region_->free_bytes() == kRegionPages * kPageBytes; }

    // Of a holder: two at once are seen, and one who comes before the last is done.
    static void use(std::uintptr_t addr, unsigned count, std::uint64_t mark) {
        for (unsigned i = 0; i < count; ++i) {
            auto* const word = reinterpret_cast<std::uint64_t*>(addr + i * kPageBytes);
            expect(*word == 0, "a page that was taken is not zero");
            *word = mark;
            expect(*word == mark, "two hold one page");
        }
    }
    std::uintptr_t take(unsigned count, std::uint64_t mark) {
        void* const pages = region_->take(count * kPageBytes, kPageBytes, 0);
        expect(pages != nullptr, "no pages");
        const auto addr = reinterpret_cast<std::uintptr_t>(pages);
        use(addr, count, mark);
        return addr;
    }
    bool take_exactly(unsigned first, unsigned count, std::uint64_t mark) {
        if (!region_->take_exactly(addr_of(first), count * kPageBytes)) return false;
        use(addr_of(first), count, mark);
        return true;
    }
    void give(std::uintptr_t addr, unsigned count) { region_->give(addr, count * kPageBytes); }
    void check() override { expect(all_free(), "a page is lost"); }
};

// Where exactly these pages cannot be had, others are taken: they are free indeed.
class TakeAndGive : public Pieces {
    void run_thread(unsigned index) override {
        const std::uint64_t mark = index + 5;
        if (index == 0) {
            give(take(4, mark), 4);  // the last two of the first word, and the second
        } else if (index == 1) {
            const bool got = take_exactly(63, 2, mark);
            give(got ? addr_of(63) : take(2, mark), 2);
        } else {
            give(take(1, mark), 1);
        }
    }
};
const Registration<TakeAndGive> take_two("region", 2, "pages anywhere against exactly these");
const Registration<TakeAndGive> take_three("region", 3, "and against the last");

// Spans that overlap in the second word alone: who comes second there has claimed in the first.
class TakeOverlapping : public Pieces {
    void run_thread(unsigned index) override {
        const std::uint64_t mark = index + 5;
        const unsigned first = 62 + index;
        if (take_exactly(first, 66 - first, mark)) {
            if (index == 1) give(addr_of(first), 66 - first);
            held_[index] = index == 1 ? 0 : 66 - first;
        } else {
            const std::uintptr_t other = take(1, mark);
            give(other, 1);
        }
    }
    void check() override {
        if (held_[0] != 0) give(addr_of(62), held_[0]);
        if (held_[2] != 0) give(addr_of(64), held_[2]);
        Pieces::check();
    }
    unsigned held_[kMaxThreads] = {};
};
const Registration<TakeOverlapping> overlap_two("region_overlap", 2, "two spans that overlap");
const Registration<TakeOverlapping> overlap_three("region_overlap", 3, "three");

// A holder that grows and shrinks where it is, against others who look for room.
class Resize : public Pieces {
    void set_up() override {
        Pieces::set_up();
        expect(take_exactly(62, 1, 1), "the scenario's own mistake");
    }
    void run_thread(unsigned index) override {
        if (index != 0) return give(take(index, index + 5), index);
        if (!region_->resize(addr_of(62), kPageBytes, 3 * kPageBytes)) return;
        use(addr_of(63), 2, 5);
        expect(region_->resize(addr_of(62), 3 * kPageBytes, kPageBytes), "shrinking is refused");
    }
    void check() override {
        give(addr_of(62), 1);
        Pieces::check();
    }
};
const Registration<Resize> resize_two("region_resize", 2, "growing and shrinking against a taker");
const Registration<Resize> resize_three("region_resize", 3, "and another");

}  // namespace
}  // namespace emma::explore
