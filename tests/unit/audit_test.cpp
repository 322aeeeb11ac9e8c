// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/audit.h"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/test_source.h"

using namespace emma;

namespace {

void append(void* text, const char* piece, std::size_t length) {
    static_cast<std::string*>(text)->append(piece, length);
}

// An instance with slabs in every state, a run and a huge object.
struct Fixture {
    Fixture() : instance(new Instance(test.source())) {
        for (int i = 0; i < 3000; ++i) objects.push_back(allocate(64));
        for (int i = 0; i < 60; ++i) objects.push_back(allocate(20000));
        objects.push_back(allocate(300000));
        objects.push_back(allocate(5000000));
        // Of 1,024 slots a slab wants 64 free before it is listed.
        for (int i = 0; i < 1000; i += 2) {
            instance->release(objects[static_cast<std::size_t>(i)]);
            objects[static_cast<std::size_t>(i)] = nullptr;
        }
        full = slab_of(objects[1023 + 1024]);
        listed = slab_of(objects[1]);
        current = slab_of(objects[2999]);
    }
    ~Fixture() { delete instance; }
    void* allocate(std::size_t bytes) { return instance->allocate(bytes, 16, Contents::kAny); }
    static Slab* slab_of(void* p) { return slab_line_of(reinterpret_cast<std::uintptr_t>(p)); }
    ThreadHeap* heap() { return listed->owner.heap(); }
    unsigned audit_it() {
        report.clear();
        return audit(*instance, {append, &report});
    }
    test::TestSource test;
    Instance* instance;
    std::vector<void*> objects;
    Slab *full, *listed, *current;
    std::string report;
};

}  // namespace

TEST_CASE("an instance that was only used is sound") {
    Fixture f;
    REQUIRE(f.full->state == SlabState::kFull);
    REQUIRE(f.listed->state == SlabState::kListed);
    REQUIRE(f.current->state == SlabState::kCurrent);
    CHECK(f.audit_it() == 0);
    CHECK(f.report.empty());
    f.listed->owner.heap()->put_remote(f.full, SlotIndex(5));
    CHECK(f.audit_it() == 0);
    Instance empty;
    CHECK(audit(empty, {nullptr, nullptr}) == 0);
}

TEST_CASE("each corruption is found and named") {
    struct Corruption {
        const char* line;
        std::function<void(Fixture&)> apply;
    };
    const SizeClass c64 = size_class_for(64);
    const Corruption corruptions[] = {
        {"due != live + uncounted", [](Fixture& f) { f.full->countdown += 1; }},
        {"slot count of a slab", [](Fixture& f) { f.listed->slot_count = 1000; }},
        {"reciprocal of a slab", [](Fixture& f) { f.full->reciprocal ^= 1; }},
        {"reciprocal of a slab", [](Fixture& f) { f.full->last_rest += 16; }},
        {"bitmap of a slab", [](Fixture& f) { f.full->free_words += 1; }},
        {"current slab of a bin", [](Fixture& f) { f.full->state = SlabState::kCurrent; }},
        {"a bin's queue of slabs", [](Fixture& f) { f.listed->list_prev = f.full; }},
        {"a listed slab is in no queue",
         [=](Fixture& f) {
             BinSlabs& bin = f.heap()->slabs[raw(c64)];
             bin.first = bin.first->list_next;
             (bin.first != nullptr ? bin.first->list_prev : bin.last) = nullptr;
         }},
        {"the end of a bin's queue", [=](Fixture& f) { f.heap()->slabs[raw(c64)].last = f.full; }},
        {"base of a bin", [=](Fixture& f) { f.heap()->bins.word_base[raw(c64)] += 64; }},
        {"slot size of a bin", [=](Fixture& f) { f.heap()->bins.slot_bytes[raw(c64)] = 80; }},
        {"a slot is free twice",
         [](Fixture& f) {
             freed_words_of(f.listed)[0].store(f.listed->free_words[0].load(memory_order_relaxed),
                                               memory_order_relaxed);
         }},
        {"a slice of a slab is free",
         [](Fixture& f) {
             arena_of(f.full)->head.free_slices.set_bits(range_bits(slice_of(f.full), 1),
                                                         memory_order_relaxed);
         }},
        {"a free slice is not mapped",
         [](Fixture& f) { arena_of(f.full)->head.present_slices.store(0, memory_order_relaxed); }},
        {"the arena is not in the table",
         [](Fixture& f) {
             (void)f.instance->arenas.table().begin_removal(arena_of(f.full)->addr() |
                                                            ArenaTable::kArena);
         }},
        {"the word without free slots has some", [](Fixture& f) { f.heap()->no_free_slots = 1; }},
    };
    for (const Corruption& corruption : corruptions) {
        Fixture f;
        REQUIRE(f.audit_it() == 0);
        corruption.apply(f);
        CAPTURE(corruption.line);
        CHECK(f.audit_it() > 0);
        CAPTURE(f.report);
        CHECK(f.report.find(corruption.line) != std::string::npos);
    }
}

TEST_CASE("the walk reports exactly what is live") {
    Fixture f;
    std::set<void*> expected(f.objects.begin(), f.objects.end());
    expected.erase(nullptr);
    std::set<void*> seen;
    for_each_live(*f.instance, [&](void* object, std::size_t bytes) {
        CHECK(bytes == f.instance->usable_bytes(object));
        return seen.insert(object).second;
    });
    CHECK(seen == expected);
    std::size_t count = 0;
    CHECK_FALSE(for_each_live(*f.instance, [&](void*, std::size_t) { return ++count < 10; }));
    CHECK(count == 10);
}

TEST_CASE("looking while others allocate and free: sound, and what stays is seen") {
    Fixture f;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 2; ++t)
        threads.emplace_back([&, t] {
            std::mt19937 random(t);
            std::vector<void*> mine(200);
            while (!stop.load())
                for (void*& p : mine) {
                    f.instance->release(p);
                    p = f.allocate(random() % 3000);
                }
            for (void* p : mine) f.instance->release(p);
        });
    std::set<void*> expected(f.objects.begin(), f.objects.end());
    expected.erase(nullptr);
    for (int round = 0; round < 50; ++round) {
        CHECK(f.audit_it() == 0);
        if (!f.report.empty()) MESSAGE(f.report);
        std::set<void*> seen;
        for_each_live(*f.instance, [&](void* object, std::size_t) {
            seen.insert(object);
            return true;
        });
        for (void* p : expected) REQUIRE(seen.count(p) == 1);
        f.instance->trim();
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    CHECK(f.audit_it() == 0);
}
