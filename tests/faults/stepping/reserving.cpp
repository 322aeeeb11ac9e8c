// SPDX-License-Identifier: MIT OR Apache-2.0
// emma_reserve, emma_seal and emma_limit_calls, and what allocates and frees after them. What a
// reserve holds stays mapped: in the end all of it must be idle there again. After emma_seal arenas
// that came from the system stay, too; after it and after emma_limit_calls other threads' heaps are
// looked at only when their thread has ended.
#include "tests/faults/stepping/operation.h"
#include "tests/freestanding/process.h"

namespace stepping {
namespace {

using Stats = struct emma_stats;

constexpr std::size_t kSmall = 1 << 20;    // bytes reserved where the system is there as well
constexpr std::size_t kEnough = 16 << 20;  // and where the workload must live on it
constexpr long kPermission = 1, kNoMemory = 12;

std::size_t idle_now() {
    struct emma_stats stats;
    emma_stats(&stats);
    return stats.idle_bytes;
}

void reserve(World& world, std::size_t bytes) {
    CHECK(emma_reserve(bytes) == 0);
    world.reserved_bytes = idle_now();
    CHECK(world.reserved_bytes >= 2 * bytes);
}
void seal(World& world) {
    CHECK(emma_seal() == 0);
    world.asks_nobody = true;
}

// ---- states

template <std::size_t kBytes>
void have_reserve(World& world) {
    reserve(world, kBytes);
    populate_thinly(world);
}
void have_sealed(World& world) {
    have_reserve<kEnough>(world);
    seal(world);
}
void have_limited(World& world) {
    populate_thinly(world);
    CHECK(emma_limit_calls() == 0);
    world.asks_nobody = true;
}
// The first arenas are the system's and stay where they are.
void have_reserve_late(World& world) {
    populate(world);
    reserve(world, kEnough);
    world.has_left_heap = true;
}

void thin_heaps_of_others(World& world) {
    populate_thinly(world);
    on_other_thread(world, populate_thinly);
    with_sleeping_thread(world, populate_thinly, Asleep::kOutside);
}
void reserved_heaps_of_others(World& world) {
    reserve(world, kEnough);
    thin_heaps_of_others(world);
}
// An arena with nothing in it.
void arena_empty(World& world) {
    populate_thinly(world);
    world.make_many(4, 1000000);
    for (int i = 0; i < 4; ++i) world.free_one(world.count() - 1);
}
void no_memory(World& world) {
    populate(world);
    use_up_memory(world);
}
void full_slab(World& world) {
    populate(world);
    world.make_many(kUsualSlots, kUsual);
}

// ---- calls

void act_reserve(World& world) { world.result = call(as_function(emma_reserve), kSmall); }
void act_seal(World& world) { world.result = call(as_function(emma_seal)); }
void act_limit(World& world) { world.result = call(as_function(emma_limit_calls)); }
void act_trim(World& world) { world.result = call(as_function(emma_trim)); }
template <std::size_t kSize>
void act_realloc(World& world) {
    world.result = call(as_function(emma_realloc), as_long(world.subject.bytes), kSize);
}

// ---- results

long error_of(const World& world) { return static_cast<int>(world.result); }
void is_reserved(World& world) {
    CHECK(error_of(world) == 0);
    world.reserved_bytes += 2 * kSmall;
}
void may_be_reserved(World& world) {
    if (error_of(world) == 0) return is_reserved(world);
    CHECK(error_of(world) == kNoMemory);
}
void is_refused(World& world) { CHECK(error_of(world) == kPermission); }
// The system is asked about nobody any more.
void is_limited(World& world) {
    CHECK(error_of(world) == 0);
    world.asks_nobody = true;
}
template <std::size_t kSize>
void keep_resized(World& world) {
    auto* const bytes = reinterpret_cast<unsigned char*>(world.result);
    CHECK(bytes != nullptr && begins_well({bytes, world.subject.size, world.subject.tag}));
    world.keep(bytes, kSize);
}
void keep_nothing(World& world) { CHECK(world.result == 0); }

void proves_reserve(const World&, const Stats& before, const Stats& after) {
    CHECK(after.idle_bytes >= before.idle_bytes + 2 * kSmall);
}
void proves_refusal(const World& world, const Stats&, const Stats&) {
    CHECK(error_of(world) == kNoMemory);
}
// Nothing was asked of the system, and the reserve has so much less or more.
void proves_use(const World&, const Stats& before, const Stats& after) {
    CHECK(after.idle_bytes < before.idle_bytes && after.mapped_bytes > before.mapped_bytes);
}
void proves_return(const World&, const Stats& before, const Stats& after) {
    CHECK(after.idle_bytes > before.idle_bytes && after.mapped_bytes < before.mapped_bytes);
}

constexpr Operation kRows[] = {
    {"reserve-first-of-program", nullptr, nullptr, act_reserve, is_reserved, proves_reserve, 0},
    {"reserve", populate_thinly, populate_thinly, act_reserve, is_reserved, proves_reserve, 0},
    {"reserve-again", have_reserve<kSmall>, populate_thinly, act_reserve, is_reserved,
     proves_reserve, 0},
    {"reserve-threads", thin_heaps_of_others, populate_thinly, act_reserve, is_reserved,
     proves_reserve, 0},
    {"reserve-null", populate, no_memory, act_reserve, may_be_reserved, proves_refusal, 0},
    {"reserve-sealed", have_sealed, populate, act_reserve, is_refused, nullptr, 0},
    {"seal-first-of-thread", have_reserve<kEnough>, nullptr, act_seal, is_limited, nullptr, 0},
    {"seal", have_reserve<kEnough>, populate, act_seal, is_limited, nullptr, 0},
    {"seal-late", have_reserve_late, populate, act_seal, is_limited, nullptr, 0},
    {"seal-threads", reserved_heaps_of_others, populate, act_seal, is_limited, nullptr, 0},
    {"seal-again", have_sealed, populate, act_seal, is_limited, nullptr, 0},
    {"limit_calls-first-of-program", nullptr, nullptr, act_limit, is_limited, nullptr, 0},
    {"limit_calls", populate, populate, act_limit, is_limited, nullptr, 0},
    {"limit_calls-threads", thin_heaps_of_others, populate_thinly, act_limit, is_limited, nullptr,
     0},
    {"limit_calls-reserved", have_reserve<kEnough>, populate, act_limit, is_limited, nullptr, 0},
    {"limited-malloc-first", have_limited, nullptr, act_malloc<kUsual>, keep_result<kUsual>,
     nullptr, 1},
    {"limited-malloc-slab", have_limited, full_slab, act_malloc<kUsual>, keep_result<kUsual>,
     nullptr, 1},
    {"limited-malloc-huge", have_limited, populate_thinly, act_malloc<3000000>,
     keep_result<3000000>, nullptr, 1},
    {"limited-realloc-huge", have_limited, populate_and_choose<2500000>, act_realloc<3500000>,
     keep_resized<3500000>, nullptr, 2},
    {"limited-free-huge", have_limited, populate_and_choose<3000000>, act_free, nullptr, nullptr,
     1},
    {"limited-trim", have_limited, arena_empty, act_trim, nullptr, nullptr, 640},
    {"reserved-malloc-first", have_reserve<kSmall>, nullptr, act_malloc<kUsual>,
     keep_result<kUsual>, nullptr, 1},
    {"reserved-malloc-huge", have_reserve<4 * kSmall>, populate_thinly, act_malloc<3000000>,
     keep_result<3000000>, proves_use, 1},
    {"reserved-free-huge", have_reserve<4 * kSmall>, populate_and_choose<3000000>, act_free,
     nullptr, proves_return, 1},
    {"reserved-realloc-huge", have_reserve<4 * kSmall>, populate_and_choose<2500000>,
     act_realloc<3500000>, keep_resized<3500000>, proves_use, 2},
    {"reserved-trim", have_reserve<4 * kSmall>, arena_empty, act_trim, nullptr, proves_return, 640},
    {"sealed-malloc-first", have_sealed, nullptr, act_malloc<kUsual>, keep_result<kUsual>, nullptr,
     1},
    {"sealed-malloc-slab", have_sealed, full_slab, act_malloc<kUsual>, keep_result<kUsual>, nullptr,
     1},
    {"sealed-malloc-null", have_sealed, populate, act_malloc<100000000>, keep_nothing, nullptr,
     640},
    {"sealed-free-huge", have_sealed, populate_and_choose<3000000>, act_free, nullptr,
     proves_return, 1},
    {"sealed-trim", have_sealed, arena_empty, act_trim, nullptr, proves_return, 640},
};

}  // namespace

const OperationTable kReserving{kRows, sizeof kRows / sizeof *kRows};

}  // namespace stepping
