// SPDX-License-Identifier: MIT OR Apache-2.0
// Which order comes next. A run is a path through a tree: at each node one thread is chosen, and
// for a load one of the stores it may find. Exhaustively, each set of equivalent orders is walked
// once: dynamic partial-order reduction with source sets (where two operations race, the other
// order is tried too) and sleep sets (what was tried at a node is not tried again below its
// siblings until something that it depends on happens). A load that may find an older store makes
// the orders in which it comes before the newer one superfluous, so these do not count as races.
//
// Flanagan, Godefroid, "Dynamic partial-order reduction for model checking software" (POPL 2005);
// Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction" (POPL 2014).
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/explorer/operation.h"

namespace emma::explore {

struct Choice {
    unsigned thread;
    unsigned back;  // 0: the newest store, 1: the one before it ...
};

// A schedule as text: `0 1*3 0:2` is thread 0, three operations of thread 1, thread 0 reading the
// second last store but one.
std::string to_text(const std::vector<Event>& events);
bool from_text(const std::string& text, std::vector<Choice>& choices);

class Search {
  public:
    enum class Mode : std::uint8_t { kExhaustive, kBounded, kRandom, kReplay };
    static constexpr int kNobody = -1;

    void start(Mode mode) { mode_ = mode, nodes_.clear(); }
    void bound_preemptions(unsigned bound) { preemption_bound_ = bound; }
    void seed(std::uint64_t seed) { random_.seed(seed); }
    void replay(std::vector<Choice> choices) { replayed_ = std::move(choices); }

    // ---- during a run: `ready` has a bit for every thread with an announced operation
    void begin_run(const Operation* const* announced);
    int choose_thread(unsigned current, unsigned ready, const std::vector<Event>& events);
    std::uint16_t choose_store(const Event& event, std::size_t depth);
    // The last of `events` was carried out.
    void note_executed(std::vector<Event>& events);

    // False: there is no further path.
    bool next_path();
    // Which share of the paths is behind this one, as far as is known by now what there is to try
    // at each of its nodes: 0 to 1. An estimate: equally much is taken to lie below each.
    double walked_share() const;

  private:
    struct Node {
        unsigned thread = 0;
        unsigned choice = 0, choice_count = 1;  // among the stores
        unsigned backtrack = 0, done = 0;       // threads
        unsigned sleeping = 0;                  // threads tried before; of loads, stores up to upto
        unsigned asleep = 0;                    // those of them with nothing new to find
        unsigned preemptions = 0;
        std::uint16_t upto[kMaxThreads] = {};
        std::uint16_t newest = 0;  // of the chosen thread's location
    };
    int choose_again(unsigned current, unsigned ready, std::size_t depth);
    int choose_at_random(unsigned current, unsigned ready);
    void inherit_sleep(Node& node, const Node& parent, const Event& event) const;
    bool is_independent(const Event& event, unsigned thread) const;
    void set_up_bounded(Node& node, const Node* parent, unsigned current, unsigned ready) const;
    void relate(std::vector<Event>& events, int other, bool may_reverse);
    void add_backtrack(const std::vector<Event>& events, int at);

    Mode mode_ = Mode::kExhaustive;
    unsigned preemption_bound_ = 2;
    std::mt19937_64 random_;
    std::vector<Choice> replayed_;
    std::vector<Node> nodes_;
    std::size_t fresh_from_ = 0;  // depth from which on this run differs from the one before
    const Operation* const* announced_ = nullptr;
    Clock clocks_[kMaxThreads];
    int last_event_[kMaxThreads], last_barrier_on_[kMaxThreads], last_barrier_ = -1;
    std::vector<int> races_;
};

}  // namespace emma::explore
