// SPDX-License-Identifier: MIT OR Apache-2.0
// Choosing at nodes, going back to the last node with something left, and finding races.
#include "tests/explorer/search.h"

#include "tests/explorer/model.h"

namespace emma::explore {
namespace {

unsigned bit(unsigned thread) { return 1u << thread; }
unsigned lowest(unsigned threads) { return static_cast<unsigned>(__builtin_ctz(threads)); }

}  // namespace

void Search::begin_run(const Operation* const* announced) {
    announced_ = announced;
    for (unsigned t = 0; t < kMaxThreads; ++t) {
        clocks_[t] = {};
        last_event_[t] = last_barrier_on_[t] = -1;
    }
    last_barrier_ = -1;
}

// ---- choosing ----------------------------------------------------------------------------------

int Search::choose_again(unsigned current, unsigned ready, std::size_t depth) {
    if (depth < replayed_.size()) {
        if ((ready & bit(replayed_[depth].thread)) == 0) fail("the schedule does not fit");
        return static_cast<int>(replayed_[depth].thread);
    }
    return static_cast<int>((ready & bit(current)) != 0 ? current : lowest(ready));
}

int Search::choose_at_random(unsigned current, unsigned ready) {
    if ((ready & bit(current)) != 0 && random_() % 8 < 5) return static_cast<int>(current);
    unsigned skip =
        static_cast<unsigned>(random_() % static_cast<unsigned>(__builtin_popcount(ready)));
    while (skip-- > 0) ready &= ready - 1;
    return static_cast<int>(lowest(ready));
}

void Search::set_up_bounded(Node& node, const Node* parent, unsigned current,
                            unsigned ready) const {
    node.preemptions = parent == nullptr ? 0 : parent->preemptions;
    const bool goes_on = parent != nullptr && (ready & bit(current)) != 0;
    if (goes_on && parent->thread != current) fail("the explorer has lost the current thread");
    node.backtrack = goes_on && node.preemptions == preemption_bound_ ? bit(current) : ready;
}

int Search::choose_thread(unsigned current, unsigned ready, const std::vector<Event>& events) {
    const std::size_t depth = events.size();
    if (mode_ == Mode::kReplay) return choose_again(current, ready, depth);
    if (mode_ == Mode::kRandom) return choose_at_random(current, ready);
    if (depth == nodes_.size()) {
        Node node;
        const Node* const parent = depth == 0 ? nullptr : &nodes_.back();
        if (mode_ == Mode::kBounded) set_up_bounded(node, parent, current, ready);
        if (mode_ == Mode::kExhaustive && parent != nullptr)
            inherit_sleep(node, *parent, events.back());
        const unsigned open = ready & ~node.asleep;
        if (open == 0) return kNobody;
        node.thread = (open & bit(current)) != 0 ? current : lowest(open);
        node.backtrack |= bit(node.thread);
        nodes_.push_back(node);
    }
    Node& node = nodes_[depth];
    if ((ready & bit(node.thread)) == 0) fail("the scenario is not deterministic");
    if (mode_ == Mode::kBounded && depth != 0 && (ready & bit(current)) != 0)
        node.preemptions = nodes_[depth - 1].preemptions + (node.thread != current ? 1 : 0);
    return static_cast<int>(node.thread);
}

std::uint16_t Search::choose_store(const Event& event, std::size_t depth) {
    const unsigned newest = event.newest;
    if (!event.operation.is_load()) {
        if (depth < nodes_.size()) nodes_[depth].choice_count = 1;
        return event.newest;
    }
    unsigned from = event.readable_from;
    unsigned back = 0;
    if (mode_ == Mode::kReplay) {
        back = depth < replayed_.size() ? replayed_[depth].back : 0;
        if (back > newest - from) fail("the schedule does not fit");
    } else if (mode_ == Mode::kRandom) {
        if (newest != from && random_() % 3 == 0)
            back = static_cast<unsigned>(random_() % (newest - from + 1));
    } else {
        Node& node = nodes_[depth];
        const unsigned thread = event.thread;
        if ((node.sleeping & bit(thread)) != 0 && node.upto[thread] + 1u > from)
            from = node.upto[thread] + 1u;
        node.newest = event.newest;
        node.choice_count = newest - from + 1;
        back = node.choice;
    }
    return static_cast<std::uint16_t>(newest - back);
}

double Search::walked_share() const {
    double share = 0, rest = 1;
    for (const Node& node : nodes_) {
        const unsigned threads = ((node.backtrack | node.done) & ~node.asleep) | bit(node.thread);
        const unsigned tried = node.done & ~bit(node.thread);
        const double part = 1.0 / __builtin_popcount(threads);
        share += rest * part * __builtin_popcount(tried & ~node.asleep);
        rest *= part / node.choice_count;
        share += rest * node.choice;
    }
    return share;
}

bool Search::next_path() {
    if (mode_ == Mode::kRandom) return true;
    while (!nodes_.empty() && mode_ != Mode::kReplay) {
        Node& node = nodes_.back();
        fresh_from_ = nodes_.size() - 1;
        if (node.choice + 1 < node.choice_count) {
            ++node.choice;
            return true;
        }
        node.done |= bit(node.thread);
        node.upto[node.thread] = node.newest;
        const unsigned open = node.backtrack & ~node.done & ~node.asleep;
        if (open != 0) {
            node.thread = lowest(open);
            node.choice = 0;
            node.choice_count = 1;
            node.newest = 0;
            return true;
        }
        nodes_.pop_back();
    }
    return false;
}

// ---- sleeping ----------------------------------------------------------------------------------

void Search::inherit_sleep(Node& node, const Node& parent, const Event& event) const {
    const unsigned tried = (parent.sleeping | parent.done) & ~bit(parent.thread);
    for (unsigned t = 0; t < kMaxThreads; ++t) {
        if ((tried & bit(t)) == 0 || !is_independent(event, t)) continue;
        node.sleeping |= bit(t);
        node.upto[t] = parent.upto[t];
        const Operation& operation = *announced_[t];
        const bool finds_new = operation.is_load() && operation.kind != Kind::kBarrier &&
                               model.location(operation).newest() > node.upto[t];
        if (!finds_new) node.asleep |= bit(t);
    }
}

// Whether the thread's announced operation does the same before and after `event`. A load before a
// store is as good as one after it that finds an older store, if it may.
bool Search::is_independent(const Event& event, unsigned thread) const {
    const Operation& done = event.operation;
    const Operation& other = *announced_[thread];
    if (done.kind == Kind::kBarrier || other.kind == Kind::kBarrier) {
        if (done.kind == other.kind) return false;
        return done.kind == Kind::kBarrier ? done.target != thread : other.target != event.thread;
    }
    if (done.address != other.address || other.is_load()) return true;
    return done.is_load() && !(done.is_sequential() && other.is_sequential());
}

// ---- races -------------------------------------------------------------------------------------

// The last event comes after `other`; where nothing else orders the two they race.
void Search::relate(std::vector<Event>& events, int other, bool may_reverse) {
    if (other < 0) return;
    Event& event = events.back();
    const Event& before = events[static_cast<std::size_t>(other)];
    if (before.thread == event.thread) return;
    if (may_reverse && !event.comes_after(before)) races_.push_back(other);
    event.after.join(before.after);
}

void Search::note_executed(std::vector<Event>& events) {
    if (mode_ != Mode::kExhaustive) return;
    Event& event = events.back();
    const unsigned thread = event.thread;
    const int index = static_cast<int>(events.size()) - 1;
    event.after = clocks_[thread];
    races_.clear();
    relate(events, last_barrier_on_[thread], true);
    if (event.operation.kind == Kind::kBarrier) {
        relate(events, last_event_[event.operation.target], true);
        relate(events, last_barrier_, true);
        last_barrier_on_[event.operation.target] = last_barrier_ = index;
    } else {
        Location& where = model.location(event.operation);
        if (event.operation.is_load()) {
            // Stores newer than the oldest readable one need no other order.
            relate(events, where.stores[event.readable_from].event, true);
            relate(events, where.stores[event.store_read].event, false);
        } else if (event.wrote) {
            for (const int read : where.last_read) relate(events, read, true);
            relate(events, where.last_write, true);
        } else {
            relate(events, where.last_write, true);
        }
        if (event.wrote) {
            where.last_write = index;
            for (int& read : where.last_read) read = -1;
        } else {
            where.last_read[thread] = index;
        }
    }
    event.after.of[thread] = event.number;
    clocks_[thread] = event.after;
    last_event_[thread] = index;
    if (events.size() > fresh_from_)
        for (const int other : races_) add_backtrack(events, other);
}

// At the node of events[at]: some thread that can begin what comes after it up to the last event
// without depending on it.
void Search::add_backtrack(const std::vector<Event>& events, int at) {
    const Event& racing = events[static_cast<std::size_t>(at)];
    std::uint16_t first[kMaxThreads] = {};  // number of each thread's first such event
    unsigned initials = 0;
    for (std::size_t i = static_cast<std::size_t>(at) + 1; i < events.size(); ++i) {
        const Event& event = events[i];
        const bool is_last = i + 1 == events.size();
        if (event.thread == racing.thread || (!is_last && event.comes_after(racing))) continue;
        if (first[event.thread] != 0) continue;
        bool begins = true;
        for (unsigned t = 0; t < kMaxThreads; ++t)
            if (t != event.thread && first[t] != 0 && event.after.of[t] >= first[t]) begins = false;
        first[event.thread] = event.number;
        if (begins) initials |= bit(event.thread);
    }
    Node& node = nodes_[static_cast<std::size_t>(at)];
    if ((node.backtrack & initials) != 0) return;
    const unsigned last = events.back().thread;
    node.backtrack |=
        (initials & bit(last)) != 0 || initials == 0 ? bit(last) : bit(lowest(initials));
}

}  // namespace emma::explore
