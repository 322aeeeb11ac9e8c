// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/heap.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "tests/unit/test_source.h"

using namespace emma;

namespace {

// A heap over pages of its own, entered for good.
struct TestHeap {
    TestHeap() : pool(test.source()), heap(new ThreadHeap{}) { heap->arenas = &pool; }
    ~TestHeap() { delete heap; }

    void* allocate(std::size_t bytes) { return heap->allocate(size_class_for(bytes), nullptr); }
    void free(void* p) { heap->put(slab_of(p), slot_of(p)); }
    void free_remote(void* p) { heap->put_remote(slab_of(p), slot_of(p)); }

    static Slab* slab_of(void* p) {
        Slab* line = slab_line_of(reinterpret_cast<std::uintptr_t>(p));
        if (line->use.load(memory_order_relaxed) == SliceUse::kContinuation)
            line -= line->slice_count;
        return line;
    }
    static SlotIndex slot_of(void* p) {
        Slab* const slab = slab_of(p);
        return slot_starting_at(*slab, reinterpret_cast<std::uintptr_t>(p) - start_of(slab));
    }
    std::size_t free_slices() const {
        std::size_t sum = 0;
        pool.for_each([&](Arena& arena) {
            sum += count_bits(arena.head.free_slices.load(memory_order_relaxed));
        });
        return sum;
    }
    // The equation at the head of slab.h, for every slab of the heap.
    void check_invariants() const {
        pool.for_each([](Arena& arena) {
            for (unsigned slice = 1; slice < kSlicesPerArena; ++slice) {
                const Slab& slab = arena.slab(slice);
                if (slab.use.load(memory_order_relaxed) != SliceUse::kSlab) continue;
                const unsigned free = count_free(slab.free_words, slab.slot_count);
                if (slab.state == SlabState::kCurrent) continue;
                REQUIRE(slab.countdown + slab.held_back == slab.slot_count - free + slab.uncounted);
                REQUIRE((slab.state == SlabState::kListed) == (slab.held_back == 0));
            }
        });
    }

    test::TestSource test;
    ArenaPool pool;
    ThreadHeap* heap;
};

}  // namespace

TEST_CASE("objects of every class are distinct, aligned and hold what is written") {
    TestHeap h;
    struct Object {
        unsigned char* p;
        std::size_t bytes;
        unsigned char fill;
    };
    std::vector<Object> objects;
    std::mt19937 random(1);
    for (unsigned index = 0; index < kSizeClassCount; ++index)
        for (int i = 0; i < 100; ++i) {
            const std::size_t bytes = slot_bytes_of(index);
            auto* const p = static_cast<unsigned char*>(h.allocate(bytes));
            REQUIRE(p != nullptr);
            REQUIRE(reinterpret_cast<std::uintptr_t>(p) % kMinAlignment == 0);
            const auto fill = static_cast<unsigned char>(random());
            std::memset(p, fill, bytes);
            objects.push_back({p, bytes, fill});
        }
    for (const Object& o : objects)
        REQUIRE(std::all_of(o.p, o.p + o.bytes, [&](unsigned char c) { return c == o.fill; }));
    h.check_invariants();
    std::shuffle(objects.begin(), objects.end(), random);
    for (const Object& o : objects) {
        h.free(o.p);
    }
    h.check_invariants();
}

TEST_CASE("of the page classes only the one last freed in keeps a slab without objects") {
    TestHeap h;
    h.heap->last_page_class = kSizeClassCount - 1 - kFirstPageClass;
    std::vector<void*> objects;
    for (unsigned index = kFirstPageClass; index + 1 < kSizeClassCount; ++index)
        objects.push_back(h.allocate(slot_bytes_of(index)));
    const std::size_t before = h.free_slices();
    std::size_t released = 0;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        const bool is_remote = i % 2 != 0;
        const std::size_t slices = TestHeap::slab_of(objects[i])->slice_count;
        if (is_remote) {
            h.free_remote(objects[i]);
            h.heap->drain_inbox();
        } else {
            h.free(objects[i]);
        }
        CHECK(h.free_slices() == before + released);
        released += slices;
    }
    // The last one's slab is used again at once; it is not given back meanwhile.
    CHECK(h.allocate(slot_bytes_of(kSizeClassCount - 2)) == objects.back());
    h.free(objects.back());
    CHECK(h.allocate(slot_bytes_of(kSizeClassCount - 2)) == objects.back());
    // A slab with an object in it stays.
    void* const other = h.allocate(slot_bytes_of(kFirstPageClass));
    const std::size_t now = h.free_slices();
    h.free(other);
    CHECK(h.free_slices() == now);
    h.check_invariants();
}

TEST_CASE("free words are used in turn, and no more of them than there must be") {
    TestHeap h;
    constexpr unsigned kPerWord = 64;
    std::vector<void*> objects;
    for (unsigned i = 0; i < 4 * kPerWord; ++i) objects.push_back(h.allocate(64));
    Slab* const slab = TestHeap::slab_of(objects[0]);
    CHECK(slab->used_words == 4);
    const auto word_of_next = [&] { return word_index_of(TestHeap::slot_of(h.allocate(64))); };
    for (unsigned word : {0U, 2U, 3U}) h.free(objects[word * kPerWord + 5]);
    // The last word is current: its own slot first, then round.
    CHECK(word_of_next() == 3);
    CHECK(word_of_next() == 0);
    h.free(objects[6]);
    h.free(objects[kPerWord]);
    CHECK(word_of_next() == 0);
    CHECK(word_of_next() == 1);
    CHECK(word_of_next() == 2);
    CHECK(slab->used_words == 4);
    CHECK(word_of_next() == 4);
    CHECK(slab->used_words == 5);
}

TEST_CASE("what was just freed is handed out again") {
    TestHeap h;
    void* const first = h.allocate(40);
    void* const second = h.allocate(40);
    h.free(first);
    CHECK(h.allocate(40) == first);
    h.free(second);
    CHECK(h.allocate(40) == second);
}

TEST_CASE("a slab that becomes empty gives its slices back") {
    TestHeap h;
    std::vector<void*> objects;
    for (int i = 0; i < 20 * 16; ++i) objects.push_back(h.allocate(4096));
    const std::size_t free_before = h.free_slices();
    for (void* p : objects) h.free(p);
    // All but the current slab and the arena growth it took.
    CHECK(h.free_slices() == free_before + 19);
    h.check_invariants();
}

TEST_CASE("a full slab is listed again when a sixteenth of it is free, not before") {
    TestHeap h;
    const unsigned slots = kDefaultShape.slot_count_for(64, 1);
    std::vector<void*> objects;
    for (unsigned i = 0; i < slots + 1; ++i) objects.push_back(h.allocate(64));
    Slab* const slab = TestHeap::slab_of(objects[0]);
    REQUIRE(TestHeap::slab_of(objects[slots]) != slab);
    for (unsigned i = 0; i < slots / 16 - 1; ++i) h.free(objects[i]);
    CHECK(slab->state == SlabState::kFull);
    h.free(objects[slots / 16 - 1]);
    CHECK(slab->state == SlabState::kListed);
    h.check_invariants();
}

TEST_CASE("untouched slots of medium slabs are known to be zero, used ones not") {
    TestHeap h;
    bool untouched = false;
    const SizeClass size_class = size_class_for(20000);
    auto* const p = static_cast<unsigned char*>(h.heap->allocate(size_class, &untouched));
    CHECK(untouched);
    CHECK(std::all_of(p, p + 20000, [](unsigned char c) { return c == 0; }));
    std::memset(p, 1, 20000);
    h.free(p);
    REQUIRE(h.heap->allocate(size_class, &untouched) == p);
    CHECK_FALSE(untouched);
}

TEST_CASE("remote frees come back through the inbox and empty slabs retire") {
    TestHeap h;
    std::vector<void*> objects;
    for (int i = 0; i < 10000; ++i) objects.push_back(h.allocate(48));
    const std::size_t used = h.free_slices();
    for (void* p : objects) h.free_remote(p);
    CHECK(h.free_slices() == used);
    h.heap->drain_inbox();
    h.check_invariants();
    CHECK(h.free_slices() > used);
    std::set<void*> again;
    for (int i = 0; i < 10000; ++i) REQUIRE(again.insert(h.allocate(48)).second);
}

TEST_CASE("the owner's free takes in what others freed once 4 MiB of slabs wait") {
    TestHeap h;
    std::vector<void*> objects;
    while (objects.empty() || TestHeap::slab_of(objects.back()) == TestHeap::slab_of(objects[0]))
        objects.push_back(h.allocate(1000));
    const std::size_t slots = objects.size() - 1;
    while (objects.size() < 66 * slots) objects.push_back(h.allocate(1000));
    // One in each slab, but for the last three.
    for (std::size_t slab = 0; slab < 63; ++slab) h.free_remote(objects[slab * slots]);
    h.free(objects[1]);
    CHECK(h.heap->inbox.load(memory_order_relaxed) != nullptr);
    h.free_remote(objects[63 * slots]);
    h.free(objects[2]);
    CHECK(h.heap->inbox.load(memory_order_relaxed) == nullptr);
    h.check_invariants();
}

TEST_CASE("what others freed is used before slots that nobody has used yet") {
    TestHeap h;
    std::vector<void*> objects;
    for (int i = 0; i < 64; ++i) objects.push_back(h.allocate(320));
    h.free_remote(objects[40]);
    h.free_remote(objects[20]);
    CHECK(h.allocate(320) == objects[20]);
    CHECK(h.allocate(320) == objects[40]);
    CHECK(h.allocate(320) > objects[63]);
    h.check_invariants();
}

TEST_CASE("a page class that loses its empty slab as the inbox is drained gets a new one") {
    TestHeap h;
    const std::size_t bytes = slot_bytes_of(kFirstPageClass);
    const std::size_t other_bytes = slot_bytes_of(kFirstPageClass + 1);
    void* const other = h.allocate(other_bytes);
    std::vector<void*> objects{h.allocate(bytes)};
    const unsigned slots = TestHeap::slab_of(objects[0])->slot_count;
    while (objects.size() < slots) objects.push_back(h.allocate(bytes));
    h.heap->last_page_class = 0;
    // What was freed last comes out first: the slab becomes empty, then the other class's turn is
    // the end of it.
    h.free_remote(other);
    for (void* p : objects) h.free_remote(p);
    void* const again = h.allocate(bytes);
    REQUIRE(again != nullptr);
    CHECK(h.heap->slabs[kFirstPageClass].current == TestHeap::slab_of(again));
    h.check_invariants();
    h.free(again);
}

TEST_CASE("a trim gives back every page of a sparse slab that no live object reaches into") {
    std::mt19937 random(5);
    for (const std::size_t bytes : {48u, 640u, 1280u, 3072u, 4096u, 5120u, 20480u, 40960u}) {
        TestHeap h;
        std::vector<unsigned char*> made, left;
        while (made.size() * bytes < 40 * kSliceBytes) {
            made.push_back(static_cast<unsigned char*>(h.allocate(bytes)));
            std::memset(made.back(), 0xa5, bytes);
        }
        std::set<std::uintptr_t> in_use, in_slabs;  // pages
        const auto add_pages = [](std::set<std::uintptr_t>& to, std::uintptr_t at, std::size_t n) {
            for (std::uintptr_t page = at & -kPageBytes; page < at + n; page += kPageBytes)
                to.insert(page);
        };
        for (unsigned char* const object : made) {
            const Slab* const slab = TestHeap::slab_of(object);
            add_pages(in_slabs, start_of(slab), slab_or_run_bytes(slab));
            if (random() % 16 != 0) {
                h.free(object);
            } else {
                add_pages(in_use, reinterpret_cast<std::uintptr_t>(object), bytes);
                left.push_back(object);
            }
        }
        h.heap->purge_between_objects();
        for (unsigned char* const object : left)
            REQUIRE(std::count(object, object + bytes, 0xa5) == static_cast<long>(bytes));
        std::size_t pages_between = 0;
        for (const std::uintptr_t page : in_slabs) {
            const Slab* const slab = TestHeap::slab_of(reinterpret_cast<void*>(page));
            if (in_use.count(page) != 0 || slab->use.load(memory_order_relaxed) != SliceUse::kSlab)
                continue;
            ++pages_between;
            const auto* const at = reinterpret_cast<const unsigned char*>(page);
            REQUIRE(std::count(at, at + kPageBytes, 0) == static_cast<long>(kPageBytes));
        }
        CHECK(h.test.purged_bytes == pages_between * kPageBytes);
        CHECK((bytes < 640 || pages_between > in_use.size()));
        h.check_invariants();
    }
}

TEST_CASE("random traffic keeps the counts") {
    TestHeap h;
    std::mt19937 random(7);
    std::vector<void*> live;
    std::set<void*> seen;
    for (int step = 0; step < 200000; ++step) {
        if (live.empty() || random() % 100 < 52) {
            const std::size_t bytes = random() % 50 == 0 ? random() % 60000 : random() % 600;
            void* const p = h.allocate(bytes);
            REQUIRE(p != nullptr);
            REQUIRE(seen.insert(p).second);
            live.push_back(p);
        } else {
            std::swap(live[random() % live.size()], live.back());
            seen.erase(live.back());
            if (random() % 3 == 0)
                h.free_remote(live.back());
            else
                h.free(live.back());
            live.pop_back();
        }
        if (step % 20000 == 0) h.check_invariants();
    }
    for (void* p : live) h.free(p);
    h.heap->drain_inbox();
    h.check_invariants();
}

TEST_CASE("remote frees of four threads against an allocating owner") {
    TestHeap h;
    constexpr int kThreads = 4, kRounds = 30, kObjects = 1500;
    std::vector<std::atomic<void*>> slots(kThreads * kObjects);
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            while (!stop.load()) {
                for (int i = 0; i < kObjects; ++i)
                    if (void* const p = slots[t * kObjects + i].exchange(nullptr)) {
                        REQUIRE(*static_cast<int*>(p) == t * kObjects + i);
                        *static_cast<int*>(p) = -1;
                        h.free_remote(p);
                    }
            }
        });
    for (int round = 0; round < kRounds; ++round)
        for (int i = 0; i < kThreads * kObjects; ++i) {
            if (slots[i].load() != nullptr) continue;
            auto* const p = static_cast<int*>(h.allocate(static_cast<std::size_t>(16 + i % 300)));
            *p = i;
            slots[i].store(p);
        }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    for (std::atomic<void*>& slot : slots)
        if (void* const p = slot.load()) h.free(p);
    h.heap->drain_inbox();
    h.check_invariants();
    h.pool.for_each([](Arena& arena) {
        for (unsigned slice = 1; slice < kSlicesPerArena; ++slice) {
            const Slab& slab = arena.slab(slice);
            if (slab.use.load(memory_order_relaxed) != SliceUse::kSlab) continue;
            CHECK(count_free(slab.free_words, slab.slot_count) == slab.slot_count);
            CHECK(slab.uncounted == 0);
        }
    });
    h.heap->trim();
    h.pool.trim();
    CHECK(h.pool.pages().mapped_bytes() == 0);
}

namespace {

// Fills a heap whose source refuses all but the first calls.
std::vector<void*> fill(TestHeap& h, std::size_t bytes) {
    h.test.maps.refuse_from = h.test.maps.made + 3;
    std::vector<void*> objects;
    while (void* const p = h.allocate(bytes)) objects.push_back(p);
    return objects;
}

// Whether the heap or its arenas have room for an object of the class.
bool has_room(const TestHeap& h, SizeClass size_class) {
    bool found = h.free_slices() != 0;
    h.pool.for_each([&](Arena& arena) {
        for (unsigned slice = 1; slice < kSlicesPerArena; ++slice) {
            const Slab& slab = arena.slab(slice);
            if (slab.use.load(memory_order_relaxed) == SliceUse::kSlab &&
                raw(slab.size_class) >= raw(size_class) &&
                count_free(slab.free_words, slab.slot_count) != 0)
                found = true;
        }
    });
    return found;
}

}  // namespace

TEST_CASE("in a shortage what was freed is found without asking the source") {
    TestHeap h;
    std::vector<void*> objects = fill(h, 64);
    REQUIRE(objects.size() > 10000);
    const std::size_t made = h.test.maps.made;
    std::mt19937 random(1);
    for (int i = 0; i < 10000; ++i) {
        void*& object = objects[random() % objects.size()];
        h.free(object);
        Slab* const slab = TestHeap::slab_of(object);
        CHECK(slab->state != SlabState::kFull);
        object = h.allocate(64);
        REQUIRE(object != nullptr);
    }
    CHECK(h.test.maps.made == made);
    CHECK(h.allocate(64) == nullptr);
    h.check_invariants();
    // What another thread has freed.
    h.free_remote(objects[5]);
    CHECK(h.allocate(64) == objects[5]);
    CHECK(h.allocate(64) == nullptr);
    // What another heap has.
    const SliceRange range = h.pool.claim(1, 1);
    CHECK_FALSE(range.ok());
}

TEST_CASE("a shortage ends with as many new slabs as there were arenas") {
    TestHeap h;
    std::vector<void*> objects = fill(h, 64);
    CHECK(h.heap->shortage == h.pool.arena_count());
    h.test.serve();
    const std::size_t slots = kDefaultShape.slot_count_for(64, 1);
    for (std::size_t i = 0; i < (h.pool.arena_count() + 1) * slots; ++i)
        objects.push_back(h.allocate(64));
    CHECK(h.heap->shortage == 0);
    Slab* const slab = TestHeap::slab_of(objects.front());
    h.free(objects.front());
    CHECK(slab->state == SlabState::kFull);
    h.check_invariants();
}

TEST_CASE("an allocation is null only if there is no room for it") {
    TestHeap h;
    fill(h, 3000);
    std::mt19937 random(1);
    std::vector<void*> objects;
    std::size_t nulls = 0;
    h.pool.for_each([&](Arena& arena) {
        for (unsigned slice = 1; slice < kSlicesPerArena; ++slice)
            if (arena.slab(slice).use.load(memory_order_relaxed) == SliceUse::kSlab)
                for (unsigned slot = 0; slot < arena.slab(slice).slot_count; ++slot)
                    objects.push_back(reinterpret_cast<void*>(
                        start_of(&arena.slab(slice)) + slot * arena.slab(slice).slot_bytes()));
    });
    for (int i = 0; i < 20000; ++i) {
        const std::size_t bytes = std::size_t{16} << random() % 12;
        if (random() % 2 != 0 && !objects.empty()) {
            std::swap(objects[random() % objects.size()], objects.back());
            if (random() % 4 == 0) {
                h.free_remote(objects.back());
            } else {
                h.free(objects.back());
            }
            objects.pop_back();
        } else if (void* const p = h.allocate(bytes)) {
            objects.push_back(p);
        } else {
            ++nulls;
            REQUIRE_FALSE(has_room(h, size_class_for(bytes)));
        }
        // Some of what is freed stays free in any case.
        if (i % 4000 == 0)
            while (void* const p = h.allocate(16)) objects.push_back(p);
    }
    CHECK(nulls > 0);
    h.check_invariants();
}
