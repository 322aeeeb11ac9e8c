// SPDX-License-Identifier: MIT OR Apache-2.0
// A source that refuses its N-th call, for every N until a run of the traffic meets no refusal, for
// every kind of call, and for all kinds together; once or several times, and for ever from N on.
// After each run nothing is lost and every invariant holds, and once the source serves again a trim
// leaves only what is never given back. The same through the public interface, for heaps of one's
// own over functions of the program.
#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <string>

#include "core/audit.h"
#include "core/include/emma.h"
#include "core/instance.h"
#include "tests/unit/test_source.h"
#include "tests/unit/traffic.h"

using namespace emma;

namespace {

using Calls = test::TestSource::Calls;

struct Kind {
    std::string name;
    Calls test::TestSource::*calls;
    std::size_t least;  // how many the traffic makes at least, so that the test means something
};

// More huge objects at first than the arena table has room for.
constexpr test::TrafficPlan kPlan{.seed = 5,
                                  .steps = 150,
                                  .huge_first = 18,
                                  .huge_percent = 8,
                                  .sparse_bytes = 8000,
                                  .trim_every = 30};

// Calls run(source, n) with a source that refuses from call n of a kind on, for every n until no
// call is refused.
template <typename Run>
void for_every_call(const Kind& kind, Run run) {
    CAPTURE(kind.name);
    for (const bool for_ever : {false, true}) {
        CAPTURE(for_ever);
        for (std::size_t nth = 0;; ++nth) {
            CAPTURE(nth);
            test::TestSource source;
            // Objects grow in place as long as that works.
            if (kind.calls == &test::TestSource::moves) source.resizes.refuse_from = 0;
            Calls& calls = source.*kind.calls;
            calls.refuse_from = nth;
            if (!for_ever) calls.refuse_count = 1 + nth % 3;
            run(source, nth);
            if (calls.refused != 0) continue;
            CHECK(nth >= kind.least);
            break;
        }
    }
}

void add_finding(void* findings, const char* text, std::size_t length) {
    static_cast<std::string*>(findings)->append(text, length);
}

// ---- an instance -------------------------------------------------------------------------------

std::size_t live_count(Instance& instance) {
    std::size_t count = 0;
    for_each_live(instance, [&](void*, std::size_t) { return ++count != 0; });
    return count;
}

void check_nothing_lost(const test::TestSource& source, Instance& instance) {
    std::string findings;
    CHECK(audit(instance, {add_finding, &findings}) == 0);
    CHECK(findings == "");
    CHECK(live_count(instance) == 0);
    CHECK(source.mapped_bytes == instance.arenas.pages().mapped_bytes());
}

// What an instance never gives back while it lives: the tables that its first one was too small
// for, and its list of arenas; both are empty after all that can be refused is. Its heap needs no
// pages for this little traffic.
std::size_t base_footprint(const Instance& instance) {
    std::size_t sum = 0;
    instance.arenas.table().for_each_mapping([&](void*, std::size_t bytes) { sum += bytes; });
    return sum;
}

void run_instance(test::TestSource& source, std::size_t) {
    const auto instance = std::make_unique<Instance>(source.source());
    test::TrafficPlan plan = kPlan;
    plan.huge_stays = true;  // by resizing and moving
    run_traffic(test::InstanceTarget{*instance}, plan);
    check_nothing_lost(source, *instance);
    source.serve();
    (void)instance->trim();
    check_nothing_lost(source, *instance);
    CHECK(source.mapped_bytes == base_footprint(*instance));
    // The traffic needs such a table, so it was refused in one of the runs.
    if (source.any.refused + source.maps.refused == 0) CHECK(base_footprint(*instance) != 0);
    // And it works as ever.
    CHECK(run_traffic(test::InstanceTarget{*instance}, {.seed = 6, .steps = 20}) == 0);
}

// ---- a heap of one's own -----------------------------------------------------------------------

void* map_of(void* context, std::size_t bytes, std::size_t alignment) {
    const PageSource& source = static_cast<test::TestSource*>(context)->source();
    return source.map(source.context, bytes, alignment, 0);
}
bool unmap_of(void* context, void* pages, std::size_t bytes) {
    const PageSource& source = static_cast<test::TestSource*>(context)->source();
    return source.unmap(source.context, pages, bytes);
}
bool purge_of(void* context, void* pages, std::size_t bytes) {
    const PageSource& source = static_cast<test::TestSource*>(context)->source();
    return source.purge(source.context, pages, bytes);
}

constexpr std::size_t kLimitBytes = std::size_t{96} << 20;
// Tables of arenas and huge objects: what a heap keeps beside itself.
constexpr std::size_t kTablesBytes = std::size_t{64} << 10;

emma_heap* create_heap(test::TestSource& source, std::size_t limit_bytes) {
    const emma_page_source functions{map_of, unmap_of, purge_of, &source, true};
    emma_heap_options options{};
    options.source = &functions;
    options.limit_bytes = limit_bytes;
    return emma_heap_create(&options);
}

// `own_bytes` are the heap's, the rest is for objects.
void check_heap(const test::TestSource& source, emma_heap* heap, std::size_t own_bytes) {
    std::string findings;
    CHECK(emma_heap_check(heap, add_finding, &findings) == 0);
    CHECK(findings == "");
    struct emma_stats stats;
    emma_heap_stats(heap, &stats);
    CHECK(source.mapped_bytes == own_bytes + stats.mapped_bytes);
}

void check_trimmed(test::TestSource& source, emma_heap* heap, std::size_t own_bytes,
                   std::size_t limit_bytes) {
    (void)emma_heap_trim(heap);
    check_heap(source, heap, own_bytes);
    struct emma_stats stats;
    emma_heap_stats(heap, &stats);
    CHECK(stats.live_objects == 0);
    CHECK(stats.arenas == 0);
    CHECK(stats.huge_objects == 0);
    CHECK(stats.mapped_bytes <= kTablesBytes);
    if (source.any.refused + source.maps.refused == 0) CHECK(stats.mapped_bytes != 0);
    if (limit_bytes == 0) return;
    // Nothing was lost to the limit either: all that it allows can be had in one piece.
    void* const all = emma_heap_alloc(heap, limit_bytes - own_bytes - kTablesBytes, 16);
    CHECK(all != nullptr);
    CHECK(emma_heap_alloc(heap, kTablesBytes * 64, 16) == nullptr);
    emma_heap_free(heap, all);
}

// In every other run objects are left alive, and the heap is destroyed with all that was refused.
void run_heap(test::TestSource& source, std::size_t nth, std::size_t limit_bytes) {
    emma_heap* const heap = create_heap(source, limit_bytes);
    if (heap == nullptr) {
        CHECK(source.maps.refused + source.any.refused != 0);
        CHECK(source.mapped_bytes == 0);
        return;
    }
    const std::size_t own_bytes = source.mapped_bytes;
    test::TrafficPlan plan = kPlan;
    plan.leaves_all = nth % 2 != 0;
    run_traffic(test::HeapTarget{heap}, plan);
    check_heap(source, heap, own_bytes);
    source.serve();
    if (!plan.leaves_all) check_trimmed(source, heap, own_bytes, limit_bytes);
    emma_heap_destroy(heap);
    CHECK(source.mapped_bytes == 0);
}

}  // namespace

TEST_CASE("an instance whose source refuses a call, at every call of every kind") {
    for (const Kind& kind :
         {Kind{"map and extend", &test::TestSource::maps, 10},
          Kind{"unmap", &test::TestSource::unmaps, 10},
          Kind{"purge", &test::TestSource::purges, 10},
          Kind{"resize", &test::TestSource::resizes, 5}, Kind{"move", &test::TestSource::moves, 5},
          Kind{"any", &test::TestSource::any, 50}})
        for_every_call(kind, run_instance);
}

TEST_CASE("a heap over functions of the program that fail, at every call of every kind") {
    for (const Kind& kind :
         {Kind{"map", &test::TestSource::maps, 10}, Kind{"unmap", &test::TestSource::unmaps, 10},
          Kind{"purge", &test::TestSource::purges, 10}, Kind{"any", &test::TestSource::any, 50}})
        for_every_call(kind, [](test::TestSource& source, std::size_t nth) {
            run_heap(source, nth, nth % 3 == 0 ? kLimitBytes : 0);
        });
}
