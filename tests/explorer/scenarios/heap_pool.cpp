// SPDX-License-Identifier: MIT OR Apache-2.0
// Heaps of an instance: borrowed and returned, made and published, taken over from threads that
// have ended, visited while their holder may come back.
#include "core/heap_pool.h"
#include "tests/explorer/scenarios/heaps.h"

namespace emma {

struct ForkInspector {
    static void begin(HeapPool& heaps, Pages& pages) {
        explore::expect(heaps.generations_.begin(pages) && heaps.generations_.current() == 1,
                        "the scenario's own mistake");
        explore::name_field(*heaps.generations_.page_.load(memory_order_relaxed), "generation");
    }
    // What the kernel does to the page in a child.
    static void fork(HeapPool& heaps) {
        heaps.generations_.page_.load(memory_order_relaxed)->store(0, memory_order_relaxed);
    }
};

}  // namespace emma

namespace emma::explore {
namespace {

// What a holder does: plain changes to a heap that it has entered.
bool work_in(ThreadHeap* heap) {
    const bool entered = heap->enter();
    if (!entered) return false;
    ++heap->bins.slot_bytes[3];
    heap->leave();
    return true;
}
unsigned work_done(HeapPool& heaps) {
    unsigned sum = 0;
    heaps.for_each([&](ThreadHeap* heap) { sum += heap->bins.slot_bytes[3]; });
    return sum;
}

struct Pool {
    ArenaPool arenas{kSystemPages};
    HeapPool heaps{};
    Pool() {
        g_came_again = nullptr;
        name_pool(arenas, "arenas");
        name_field(heaps, "heaps");
        leave_out(&last_name_, sizeof last_name_);
        ForkInspector::begin(heaps, arenas.pages());
        heaps.for_each([](ThreadHeap* heap) { name_heap(*heap, "first heap"); });
    }
    // No two operations have one name, as long as both may go on. Nothing is at that address.
    std::uintptr_t last_name_ = 1 << 20;
    const OperationName& fresh_name() {
        last_name_ += OperationName::kBytes;
        return *reinterpret_cast<const OperationName*>(last_name_);
    }
    ThreadHeap* borrow() { return heaps.acquire(fresh_name().holder(), arenas); }
    // A heap of that thread's.
    ThreadHeap* held_by(Holder holder) {
        ThreadHeap* const heap = borrow();
        HeapPool::release(heap);
        expect(HeapPool::try_acquire(heap, holder), "the scenario's own mistake");
        return heap;
    }
    unsigned count() {
        unsigned sum = 0;
        heaps.for_each([&](ThreadHeap*) { ++sum; });
        return sum;
    }
};

class Borrow : public Scenario {
    Pool pool_;
    unsigned threads_ = 0, done_[kMaxThreads] = {};

    void set_up() override {}
    void run_thread(unsigned index) override {
        for (unsigned i = 0; i < (index == 0 ? 2u : 1u); ++i) {
            ThreadHeap* const heap = pool_.borrow();
            expect(heap != nullptr, "no heap");
            expect(work_in(heap), "a heap that was just acquired is occupied");
            ++done_[index];
            HeapPool::release(heap);
        }
    }
    void check() override {
        const unsigned done = done_[0] + done_[1] + done_[2];
        expect(work_done(pool_.heaps) == done, "two holders of one heap");
        expect(pool_.count() <= (done_[2] != 0 ? 3u : 2u), "more heaps than threads");
        pool_.heaps.for_each([](ThreadHeap* heap) {
            expect(heap->ownership.holder() == Holder::nobody(), "a heap was not returned");
        });
    }
};
const Registration<Borrow> borrow_two("borrow", 2, "borrow, return and add against the same");
const Registration<Borrow> borrow_three("borrow", 3, "three borrowing, adding and returning");

// This very heap or another, as a free does.
class BorrowWanted : public Scenario {
    Pool pool_;
    ThreadHeap* wanted_ = nullptr;
    unsigned done_[kMaxThreads] = {};

    void set_up() override {
        wanted_ = pool_.borrow();
        HeapPool::release(wanted_);
    }
    void run_thread(unsigned index) override {
        ThreadHeap* heap = wanted_;
        if (!HeapPool::try_acquire(heap, Holder::unnamed_thread())) {
            if (index == 1) return;
            heap = pool_.borrow();
        }
        expect(work_in(heap), "a heap that was just acquired is occupied");
        ++done_[index];
        HeapPool::release(heap);
    }
    void check() override {
        expect(work_done(pool_.heaps) == done_[0] + done_[1] + done_[2], "two holders of one heap");
    }
};
const Registration<BorrowWanted> wanted_two("borrow_wanted", 2, "two want the same heap");
const Registration<BorrowWanted> wanted_three("borrow_wanted", 3, "three want the same heap");

// ---- in turn
// One makes heaps, leaves and takes; the other starts from where that one said the next is, which
// may be a heap that it has heard of in no other way.
class TakeInTurn : public Scenario {
    Pool pool_;
    ThreadHeap* got_[kMaxThreads + 1] = {};

    void set_up() override {
        (void)pool_.heaps.acquire_for_this_thread(pool_.arenas);  // the first stays unnamed
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            got_[kMaxThreads] = pool_.heaps.acquire_for_this_thread(pool_.arenas);
            HeapPool::release(pool_.heaps.acquire_for_this_thread(pool_.arenas));
        }
        got_[index] = pool_.heaps.acquire_for_this_thread(pool_.arenas);
        expect(work_in(got_[index]), "a heap that was just acquired is occupied");
    }
    void check() override {
        for (unsigned a = 0; a <= kMaxThreads; ++a)
            for (unsigned b = 0; b < a; ++b)
                expect(got_[a] == nullptr || got_[a] != got_[b], "two hold one heap");
    }
};
const Registration<TakeInTurn> turns_two("take_in_turn", 2, "heaps are taken in turn");

// ---- adopting
constexpr Holder kGone = Holder::thread(1, kProcess, kGoneThreadId);
constexpr Holder kEnding = Holder::thread(1, kProcess, kFirstThreadId);

class Adopt : public Scenario {
    Pool pool_;
    ThreadHeap* got_[kMaxThreads] = {};

    void set_up() override {
        (void)pool_.heaps.acquire_for_this_thread(pool_.arenas);  // the first stays unnamed
        // One in the middle of an operation for ever, the next at rest. Both are made before they
        // are left, or the second would be the first.
        ThreadHeap* const first = pool_.borrow();
        ThreadHeap* const second = pool_.borrow();
        for (ThreadHeap* const heap : {first, second}) {
            HeapPool::release(heap);
            expect(HeapPool::try_acquire(heap, kGone), "the scenario's own mistake");
        }
        (void)first->enter();
        name_heap(*second, "second heap");
    }
    void run_thread(unsigned index) override {
        got_[index] = pool_.heaps.acquire_for_this_thread(pool_.arenas);
        expect(got_[index] != nullptr, "no heap");
        expect(work_in(got_[index]), "a heap that was just acquired is occupied");
    }
    void check() override {
        for (unsigned a = 0; a < kMaxThreads; ++a)
            for (unsigned b = 0; b < a; ++b)
                expect(got_[a] == nullptr || got_[a] != got_[b], "two hold one heap");
    }
};
const Registration<Adopt> adopt_two("adopt", 2, "two adopters, one heap to adopt");
const Registration<Adopt> adopt_three("adopt", 3, "three adopters, one heap to adopt");

// The holder ends while another looks for a heap.
class AdoptFromEnding : public Scenario {
    Pool pool_;
    ThreadHeap* dying_ = nullptr;
    unsigned done_[kMaxThreads] = {};

    void set_up() override {
        observe_ends();
        (void)pool_.heaps.acquire_for_this_thread(pool_.arenas);  // the first stays unnamed
        ThreadHeap* const second = pool_.held_by(kEnding);
        name_heap(*second, "second heap");
        dying_ = second;
    }
    void run_thread(unsigned index) override {
        ThreadHeap* const heap =
            index == 0 ? dying_ : pool_.heaps.acquire_for_this_thread(pool_.arenas);
        for (unsigned i = 0; i < 2; ++i) {
            expect(work_in(heap), "the holder is kept out");
            ++done_[index];
        }
    }
    void check() override {
        expect(work_done(pool_.heaps) == done_[0] + done_[1] + done_[2], "two holders of one heap");
    }
};
const Registration<AdoptFromEnding> ending_two("adopt_ending", 2, "a holder ends, one adopts");
const Registration<AdoptFromEnding> ending_three("adopt_ending", 3, "a holder ends, two adopt");

// A holder that ends in the middle of an operation keeps its heap for ever.
class AdoptMidway : public Scenario {
    Pool pool_;
    ThreadHeap* dying_ = nullptr;

    void set_up() override {
        observe_ends();
        (void)pool_.heaps.acquire_for_this_thread(pool_.arenas);  // the first stays unnamed
        dying_ = pool_.held_by(kEnding);
        name_heap(*dying_, "second heap");
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            expect(dying_->enter(), "the holder is kept out");
            ++dying_->bins.slot_bytes[3];
            return;
        }
        expect(work_in(pool_.heaps.acquire_for_this_thread(pool_.arenas)),
               "a heap that was just acquired is occupied");
    }
    void check() override {
        expect(dying_->bins.slot_bytes[3] == 1, "a heap was adopted in mid-operation");
    }
};
const Registration<AdoptMidway> midway_two("adopt_midway", 2, "a holder ends in mid-operation");

// The id of the ended thread is given to a new one: another adopter takes the heap over and leaves
// it, and the new thread gets it, under the very name that it had. It works in it, and keeps it,
// leaves it to an operation, or ends in the middle of one.
enum class Then : std::uint8_t { kKeeps, kLeaves, kEnds };
template <Then kThen>
class AdoptIdAgain : public Scenario {
    Pool pool_;
    ThreadHeap* left_ = nullptr;
    std::atomic<std::uint32_t> came_again_{0};
    bool was_held_again_ = false;
    unsigned done_[kMaxThreads] = {};

    void set_up() override {
        g_came_again = &came_again_;
        (void)pool_.heaps.acquire_for_this_thread(pool_.arenas);  // the first stays unnamed
        left_ = pool_.held_by(kGone);
        name_heap(*left_, "left heap");
    }
    void work_twice(ThreadHeap* heap, unsigned index) {
        for (unsigned i = 0; i < 2; ++i) expect(work_in(heap), "the holder is kept out");
        done_[index] += 2;
    }
    void be_new_thread(unsigned index) {
        came_again_.store(1, std::memory_order_release);
        if (!HeapPool::try_acquire(left_, kGone)) return;
        was_held_again_ = true;
        if (kThen == Then::kEnds) {
            expect(left_->enter(), "the holder is kept out");
            came_again_.fetch_sub(1, std::memory_order_acq_rel);
            return;
        }
        work_twice(left_, index);
        if (kThen == Then::kLeaves) HeapPool::release(left_);
    }
    void run_thread(unsigned index) override {
        if (index == 2) {
            if (!HeapPool::try_acquire(left_, Holder::operation(left_))) return;
            work_twice(left_, index);
            return HeapPool::release(left_);
        }
        ThreadHeap* const heap = pool_.heaps.acquire_for_this_thread(pool_.arenas);
        expect(heap != nullptr, "no heap");
        if (index == 0 || heap != left_) return work_twice(heap, index);
        HeapPool::release(heap);
        be_new_thread(index);
    }
    void check() override {
        expect(work_done(pool_.heaps) == done_[0] + done_[1] + done_[2], "two holders of one heap");
        if (!was_held_again_) return;
        const bool is_held = left_->ownership.holder() == kGone;
        expect(is_held == (kThen != Then::kLeaves), "a holder lost its heap, or cannot leave it");
    }
};
const Registration<AdoptIdAgain<Then::kKeeps>> again_two("adopt_id_again", 2,
                                                         "a thread's id comes again");
const Registration<AdoptIdAgain<Then::kEnds>> again_ends("adopt_id_again_ends", 2,
                                                         "and ends in mid-operation");
const Registration<AdoptIdAgain<Then::kLeaves>> left_two("adopt_id_again_left", 2,
                                                         "and leaves the heap");
const Registration<AdoptIdAgain<Then::kLeaves>> left_three("adopt_id_again_left", 3,
                                                           "to an operation");

// In the child of a fork: the thread that made it says whose its heap is, while others look for the
// heaps that the parent's threads have left.
class AdoptFromParent : public Scenario {
    Pool pool_;
    ThreadHeap* survivors_ = nullptr;
    ThreadHeap* left_ = nullptr;
    unsigned done_[kMaxThreads] = {};

    void set_up() override {
        (void)pool_.heaps.acquire_for_this_thread(pool_.arenas);  // the first stays unnamed
        ThreadHeap* const second = pool_.borrow();
        ThreadHeap* const third = pool_.borrow();
        for (ThreadHeap* const heap : {second, third}) heap->ownership.rename(kGone);
        name_heap(*second, "second heap");
        name_heap(*third, "third heap");
        survivors_ = second;
        left_ = third;
        ForkInspector::fork(pool_.heaps);
    }
    void run_thread(unsigned index) override {
        ThreadHeap* heap = survivors_;
        if (index == 0) {
            pool_.heaps.settle(heap);
        } else {
            heap = pool_.heaps.acquire_for_this_thread(pool_.arenas);
            expect(heap != survivors_, "the survivor's heap was adopted");
        }
        for (unsigned i = 0; i < 2; ++i) expect(work_in(heap), "the holder is kept out");
        done_[index] += 2;
    }
    void check() override {
        expect(work_done(pool_.heaps) == done_[0] + done_[1] + done_[2], "two holders of one heap");
        // Settled now: whoever comes next has the parent's.
        const bool is_left = left_->ownership.holder() == kGone;
        expect(!is_left || pool_.heaps.acquire_for_this_thread(pool_.arenas) == left_ ||
                   pool_.heaps.acquire_for_this_thread(pool_.arenas) == left_,
               "the parent's heap is never adopted");
    }
};
const Registration<AdoptFromParent> parent_two("adopt_parent", 2, "a fork's survivor, an adopter");
const Registration<AdoptFromParent> parent_three("adopt_parent", 3, "and two adopters");

// ---- taking back

// An operation of the first thread was left for good in a heap that it had borrowed, at work in it
// or not yet. Its name overlaps that of the thread's next operation, and that of a handler's which
// interrupts this one. The others: a visitor, and a thread that wants whatever heap is idle.
template <bool kAtWork>
class TakeBack : public Scenario {
    Pool pool_;
    ThreadHeap* heap_ = nullptr;
    unsigned done_[kMaxThreads + 1] = {};
    static constexpr std::uintptr_t kLeft = (1 << 20) + 1, kApart = OperationName::kBytes * 2 / 3;

    void set_up() override {
        interrupt_first_thread();
        heap_ = pool_.borrow();
        heap_->ownership.rename(Holder::from_bits(kLeft));
        if (kAtWork) expect(heap_->enter(), "the scenario's own mistake");
    }
    void operate(Holder name, unsigned index) {
        expect(name.overlaps(Holder::from_bits(kLeft)), "the scenario's own mistake");
        if (!take_back(heap_, name)) return;
        work(index);
        HeapPool::release(heap_);
    }
    // The holder's, in a field that rebuild() leaves alone.
    void work(unsigned index) {
        if (!heap_->enter()) return;
        ++heap_->last_page_class;
        ++done_[index];
        heap_->leave();
    }
    // In one that it touches.
    static void visit_work(ThreadHeap* heap) {
        ++heap->last_page_class;
        heap->draining = nullptr;
    }
    void run_thread(unsigned index) override {
        if (index == 0) {
            operate(Holder::from_bits(kLeft - kApart), 0);
        } else if (index == 1) {
            done_[1] += HeapPool::visit(heap_, visit_work) ? 1 : 0;
        } else if (HeapPool::try_acquire(heap_, Holder::unnamed_thread())) {
            work(index);
            HeapPool::release(heap_);
        }
    }
    void handle_signal() override { operate(Holder::from_bits(kLeft + kApart), kMaxThreads); }
    void check() override {
        unsigned sum = 0;
        for (const unsigned done : done_) sum += done;
        expect(heap_->last_page_class == sum, "two at work in one heap");
        if (heap_->ownership.holder() == Holder::nobody()) return;
        expect(done_[0] + done_[kMaxThreads] == 0, "a heap was not returned");
        for (const std::uintptr_t apart : {kApart, -kApart}) {
            if (!take_back(heap_, Holder::from_bits(kLeft + apart))) continue;
            expect(heap_->is_open(), "a heap that was taken back lets nobody in");
            return;
        }
        fail("a heap that was left is never taken back");
    }
};
const Registration<TakeBack<true>> take_back_two("take_back", 2,
                                                 "an operation left for good; a visitor");
const Registration<TakeBack<true>> take_back_three("take_back", 3, "and one that wants a heap");
const Registration<TakeBack<false>> take_back_idle("take_back_idle", 2,
                                                   "left before it entered the heap; a visitor");

// ---- recovering

// A process was killed while an operation of its was at work in a heap. Two others have heard of
// it; a third wants whatever heap is idle.
class Recover : public Scenario {
    static constexpr unsigned kKilled = 9;
    Pool pool_;
    ThreadHeap* heap_ = nullptr;
    unsigned done_ = 0;

    void set_up() override {
        heap_ = pool_.borrow();
        const std::uint64_t name = pool_.fresh_name().holder().bits();
        heap_->ownership.rename(Holder::from_bits(std::uint64_t{kKilled} << kProcessShift | name));
        expect(heap_->enter(), "the scenario's own mistake");
    }
    void run_thread(unsigned index) override {
        if (index < 2) return pool_.heaps.take_back_process(kKilled, pool_.fresh_name().holder());
        if (!HeapPool::try_acquire(heap_, pool_.fresh_name().holder())) return;
        done_ += work_in(heap_) ? 1 : 0;
        HeapPool::release(heap_);
    }
    void check() override {
        expect(heap_->ownership.holder() == Holder::nobody(), "a heap was not returned");
        expect(heap_->is_open(), "a heap that was taken back lets nobody in");
        expect(work_done(pool_.heaps) <= done_, "what a holder did was done twice");
    }
};
const Registration<Recover> recover_two("recover", 2, "two processes recover a third one");
const Registration<Recover> recover_three("recover", 3, "and one wants its heap");

// ---- visiting
class Visit : public Scenario {
    Pool pool_;
    ThreadHeap* heap_ = nullptr;
    unsigned done_[kMaxThreads] = {};

    void set_up() override { heap_ = pool_.borrow(); }
    void run_thread(unsigned index) override {
        if (index == 0) {
            for (unsigned i = 0; i < 2; ++i) done_[0] += work_in(heap_) ? 1 : 0;
            return;
        }
        done_[index] +=
            HeapPool::visit(heap_, [](ThreadHeap* heap) { ++heap->bins.slot_bytes[3]; });
    }
    void check() override {
        expect(work_done(pool_.heaps) == done_[0] + done_[1] + done_[2], "two at work in one heap");
        expect(!heap_->visited.is_set() && heap_->busy.is_unoccupied(), "a visit without an end");
    }
};
const Registration<Visit> visit_two("visit", 2, "a visitor against its holder's entries");
const Registration<Visit> visit_three("visit", 3, "two visitors against the holder's entries");

// A visitor against one who returns the heap, and one who borrows it.
class VisitAndBorrow : public Scenario {
    Pool pool_;
    ThreadHeap* heap_ = nullptr;
    unsigned done_[kMaxThreads] = {};

    void set_up() override { heap_ = pool_.borrow(); }
    void run_thread(unsigned index) override {
        if (index == 0) {
            done_[0] += work_in(heap_) ? 1 : 0;
            HeapPool::release(heap_);
        } else if (index == 1) {
            done_[1] += HeapPool::visit(heap_, [](ThreadHeap* heap) { ++heap->bins.slot_bytes[3]; })
                            ? 1
                            : 0;
        } else if (HeapPool::try_acquire(heap_, Holder::unnamed_thread())) {
            done_[2] += work_in(heap_) ? 1 : 0;
            HeapPool::release(heap_);
        }
    }
    void check() override {
        expect(work_done(pool_.heaps) == done_[0] + done_[1] + done_[2], "two at work in one heap");
    }
};
const Registration<VisitAndBorrow> visit_borrow_two("visit_borrow", 2,
                                                    "a visitor against a heap's return");
const Registration<VisitAndBorrow> visit_borrow_three("visit_borrow", 3,
                                                      "a visitor against return and borrowing");

}  // namespace
}  // namespace emma::explore
