// SPDX-License-Identifier: MIT OR Apache-2.0
// Claiming, releasing and growing. A slice has one owner from the compare-and-swap that clears its
// free bit to the release that sets it again; acquire and release on that word hand the slice's
// descriptor from one owner to the next.
#include "core/arena.h"

namespace emma {
namespace {

// Bit i set where bits i..i+count-1 of `free` are: runs are shortened by doubling steps.
constexpr std::uint64_t starts_of_runs(std::uint64_t free, unsigned count) {
    unsigned covered = 1;
    while (covered < count) {
        const unsigned step = covered < count - covered ? covered : count - covered;
        free &= free >> step;
        covered += step;
    }
    return free;
}
static_assert(starts_of_runs(0b0111011, 2) == 0b0011001);
static_assert(starts_of_runs(0b0111011, 3) == 0b0001000);

// Every alignment_slices-th bit.
constexpr std::uint64_t aligned_starts(unsigned alignment_slices) {
    std::uint64_t bits = 1;
    for (unsigned step = alignment_slices; step < kSlicesPerArena; step *= 2) bits |= bits << step;
    return bits;
}
static_assert(aligned_starts(16) == 0x0001000100010001 && aligned_starts(1) == ~std::uint64_t{0});

}  // namespace

SliceRange Arena::claim(unsigned count, unsigned alignment_slices) {
    return claim_at_one_of(aligned_starts(alignment_slices), count);
}

bool Arena::claim_exactly(unsigned first, unsigned count) {
    if (first + count > kSlicesPerArena) return false;
    return claim_at_one_of(std::uint64_t{1} << first, count).ok();
}

SliceRange Arena::claim_at_one_of(std::uint64_t allowed, unsigned count) {
    std::uint64_t free = head.free_slices.load(memory_order_relaxed);
    for (;;) {
        const std::uint64_t starts = starts_of_runs(free, count) & allowed;
        if (starts == 0) return {};
        const unsigned first = lowest_bit(starts);
        const std::uint64_t wanted = range_bits(first, count);
        // Acquire pairs with release() by the last owner, or with grow(). A failure means that
        // another thread claimed or released: it has made progress. No ABA: the word is the state.
        if (head.free_slices.compare_exchange(free, free & ~wanted, memory_order_acquire,
                                              memory_order_relaxed))
            return taken(first, count);
    }
}

// From now on the range counts as written and in use. Relaxed: the caller owns the bits, and the
// next claimant gets them through the free word.
SliceRange Arena::taken(unsigned first, unsigned count) {
    SliceRange range(this, first, count);
    const std::uint64_t slices = range_bits(first, count);
    range.clean = (head.clean_slices.load(memory_order_relaxed) & slices) == slices;
    range.was_purged = (head.purged_slices.load(memory_order_relaxed) & slices) != 0;
    head.clean_slices.clear_bits(slices, memory_order_relaxed);
    head.purged_slices.clear_bits(slices, memory_order_relaxed);
    head.idle_slices.clear_bits(slices, memory_order_relaxed);
    return range;
}

void Arena::release(unsigned first, unsigned count) {
    EMMA_ASSERT(first != 0 && first + count <= kSlicesPerArena);
    EMMA_ASSERT((head.free_slices.load(memory_order_relaxed) & range_bits(first, count)) == 0);
    head.free_slices.set_bits(range_bits(first, count), memory_order_release);
}

std::size_t Arena::grow(Pages& pages, unsigned count) {
    std::uint32_t mapped = head.mark.load(memory_order_relaxed);
    // Doubling keeps the number of calls small; less is asked for only where that is refused.
    unsigned step = mapped > count ? mapped : count;
    while (mapped < kSlicesPerArena) {
        if (step > kSlicesPerArena - mapped) step = kSlicesPerArena - mapped;
        // Moving the mark is the right to map the slices behind it. Losing means that another
        // thread grows the arena: the caller looks at what that brings. Acquire pairs with
        // reopen().
        if (!head.mark.compare_exchange(mapped, mapped + step, memory_order_acquire,
                                        memory_order_relaxed))
            return 0;
        const std::uint64_t slices = range_bits(mapped, step);
        const std::size_t bytes = std::size_t{step} << shape().slice_shift;
        const Extension result = pages.extend(slice_addr(mapped), bytes);
        if (result == Extension::kDone) {
            publish(slices);
            return bytes;
        }
        // Somebody else's mapping directly behind the arena: it stays short for good.
        const bool give_up = result == Extension::kTaken && step == 1;
        std::uint32_t marked = mapped + step;
        // Fails where another thread has mapped behind the mark meanwhile; the gap stays unused.
        if (!head.mark.compare_exchange(marked, give_up ? kStaysShort : mapped,
                                        memory_order_relaxed, memory_order_relaxed)) {
            head.gap_slices.set_bits(slices, memory_order_relaxed);
            return 0;
        }
        if (step == 1) return 0;
        step /= 2;
    }
    return 0;
}

// Freshly mapped slices become claimable. Release pairs with claim(). A slice lies before the mark,
// then is present, then clean, which the audit relies on, wherever this thread may be stopped.
void Arena::publish(std::uint64_t slices) {
    head.present_slices.set_bits(slices, memory_order_release);
    head.clean_slices.set_bits(slices, memory_order_release);
    head.free_slices.set_bits(slices, memory_order_release);
}

Arena* Arena::make(void* pages, unsigned mapped, const Shape& shape) {
    Arena* const arena = static_cast<Arena*>(pages);
    arena->head.shape = &shape;
    arena->head.mark.store(mapped, memory_order_relaxed);
    arena->publish(range_bits(shape.header_slices, mapped - shape.header_slices));
    return arena;
}

// What a purge keeps from other threads at a time.
constexpr unsigned kPurgeSlices = 4;

// A purger claims what it purges, as any user would; the slices are clean before it lets go. A few
// at a time: meanwhile others may find no memory elsewhere.
unsigned Arena::purge(Pages& pages, std::uint64_t slices) {
    if (pages.source().purge == nullptr) return 0;
    unsigned purged = 0;
    while (const std::uint64_t left = dirty_slices() & slices) {
        const unsigned first = lowest_bit(left);
        // The run's length; the bit that is set ends it at the latest.
        unsigned count = lowest_bit(~(left >> first) | std::uint64_t{1} << kPurgeSlices);
        const std::uint64_t run = range_bits(first, count);
        slices &= ~run;
        if (!claim_exactly(first, count)) continue;
        const std::size_t bytes = std::size_t{count} << shape().slice_shift;
        if (pages.purge(reinterpret_cast<void*>(slice_addr(first)), bytes)) {
            head.clean_slices.set_bits(run, memory_order_relaxed);
            head.purged_slices.set_bits(run, memory_order_relaxed);
            purged += count;
        }
        release(first, count);
    }
    return purged;
}

}  // namespace emma
