// SPDX-License-Identifier: MIT OR Apache-2.0
// The default page source. It chooses addresses itself, so that an aligned mapping is one system
// call that maps not a page too many. What no object may reach lies apart from the objects:
//
//   TiB    17                  24                         31                  38
//          | arenas            | huge objects             | metadata          |
//          | |4|gap|4|gap| ... | each at a multiple of 4  | page after page   |      (MiB)
//
// A cursor walks up through each zone, from a secret address. An arena lies at a multiple of 8 MiB,
// and the other half of each 8 MiB stays empty: no overflow of an object at an arena's end reaches
// a header. The kernel chooses the address if a zone cannot be used; then a page on either side
// stays empty until the program maps something there.
#include "core/page_source.h"

#include <bit>

#include "arch/arch.h"
#include "arch/linux/memory.h"
#include "core/config.h"
#include "core/layout.h"

namespace emma {

constinit Atomic<std::uintptr_t> g_zone_cursors[kZoneCount];

namespace {

// Below position-independent programs, libraries and stacks, above everything that is linked at a
// fixed address and above AddressSanitizer's shadow; objects within what valgrind and QEMU map.
constexpr std::size_t kZoneBytes = std::size_t{7} << 40;
constexpr std::uintptr_t zone_start(unsigned zone) { return std::uintptr_t{17 + 7 * zone} << 40; }
static_assert(zone_start(kArenaZone) == kSystemOrigin &&
              zone_start(kHugeZone) == kSystemOrigin + kZoneBytes);

// Tells the arenas' zone from the others, which lie above it.
constexpr unsigned kZoneShift = 43;
constexpr std::uintptr_t kArenaKind = kSystemOrigin >> kZoneShift;
static_assert(kArenaKind + 1 == zone_start(kHugeZone) >> kZoneShift);

constexpr unsigned kAttempts = 3;

// A secret of the process that takes no system call to learn: the stack protector's, which every
// program start makes of the kernel's random bytes (AT_RANDOM). Where no program start has set it,
// or nobody has set %fs, the processor's random numbers or its clock.
std::uint64_t secret() {
    const std::uint64_t canary = kThreadPointer ? arch::stack_canary() : 0;
    return canary != 0 ? canary : arch::random_word();
}

// The rounds of Speck128, a block cipher (Beaulieu et al., 2013), keyed by the secret: a thread
// that sees results learns neither the key nor other results. Each of `high` and `low` gives
// another result. A round's key is the secret turned by 7 bits more than the round before, plus the
// rounds' numbers: no two rounds are the same function, so no slide attack; and every bit of the
// secret meets every bit position. Speck's own key schedule resists related keys, which no thread
// has here; and of a result only the remainder by the zone's size is seen, not `low`.
std::uint64_t scramble(std::uint64_t high, std::uint64_t low) {
    std::uint64_t key = secret();
    for (std::uint64_t round = 32; round != 0; --round) {
        high = (std::rotr(high, 8) + low) ^ key;
        low = std::rotl(low, 3) ^ high;
        key = std::rotl(key, 7) + round;
    }
    return high;
}

// An address range of the zone at a multiple of `unit` that no other call gets before the cursor
// has gone round; 0: it is a TiB or more. `elsewhere`: not where the cursor is. Relaxed:
// only the number matters. Retries only when another thread has taken its range.
std::uintptr_t take_range(unsigned zone, std::size_t bytes, std::size_t unit, bool elsewhere) {
    if ((bytes | unit) >> 40 != 0) return 0;
    const std::uintptr_t start = zone_start(zone);
    const std::size_t room = kZoneBytes - bytes - unit;
    Atomic<std::uintptr_t>& zone_cursor = g_zone_cursors[zone];
    std::uintptr_t cursor = zone_cursor.load(memory_order_relaxed);
    for (;;) {
        std::uintptr_t addr = align_up(cursor, unit);
        // At first the cursor is 0. Each later time it is another one. Where it stands tells this
        // zone of this copy of Emma from all others.
        if (elsewhere || addr - start > room) {
            const auto low = reinterpret_cast<std::uintptr_t>(&zone_cursor);
            addr = align_up(start + scramble(cursor, low) % room, unit);
        }
        if (zone_cursor.compare_exchange(cursor, addr + bytes, memory_order_relaxed,
                                         memory_order_relaxed))
            return addr;
    }
}

[[gnu::noinline]] bool system_unmap(void* counter, void* pages, std::size_t bytes) {
    count_call(counter);
    return arch::unmap(pages, bytes) == arch::Errno::kNone;
}

// Where the kernel likes, with the unaligned ends cut off and at least a page of each.
[[gnu::always_inline]] inline void* map_and_trim(void* counter, std::size_t bytes,
                                                 std::size_t alignment) {
    const std::size_t padded = bytes + alignment + kPageBytes;
    if (padded < bytes) return nullptr;
    count_call(counter);
    const arch::Result<void*> mapped = arch::map_anywhere(padded, arch::kProtReadWrite);
    if (!mapped.ok()) return nullptr;
    const auto start = reinterpret_cast<std::uintptr_t>(mapped.value());
    const std::uintptr_t aligned = align_up(start + kPageBytes, alignment);
    const std::uintptr_t end = aligned + bytes;
    // A failed unmap leaves address space unused, nothing else.
    (void)system_unmap(counter, mapped.value(), aligned - start);
    (void)system_unmap(counter, reinterpret_cast<void*>(end), start + padded - end);
    return reinterpret_cast<void*>(aligned);
}

// An arena's header and its slices are two mappings with a page between them, so that no underflow
// of an object reaches the header, and no huge page of the kernel's holds both: a fork copies a
// huge page that is pinned (io_uring's buffers) piece by piece, and header and heap would not fit.
// Not while an arena is as short as an instance's first one is at first: a small program has 4
// system calls. Nor at an address that the kernel chose, where the page might become another's. A
// refusal leaves the page mapped, nothing else.
[[gnu::noinline]] Extension system_extend(void* counter, std::uintptr_t addr, std::size_t bytes) {
    count_call(counter);
    const arch::Errno error = arch::map_at(addr, bytes, arch::kProtReadWrite).error();
    if (error == arch::Errno::kExists) return Extension::kTaken;
    if (error != arch::Errno::kNone) return Extension::kRefused;
    const bool is_arena = addr >> kZoneShift == kSystemOrigin >> kZoneShift && bytes <= kArenaBytes;
    if (is_arena && (addr & kArenaMask) + bytes > kShortArenaBytes)
        (void)system_unmap(counter, reinterpret_cast<void*>(arena_addr_of(addr) + kHeaderBytes),
                           kPageBytes);
    return Extension::kDone;
}

// A place for a mapping at `base` to move to need not be mapped, only empty: then a limit on
// address space (RLIMIT_AS) must have room for what the move adds, not for both mappings. Linux
// looks first whether something is mapped in the range (kTaken), then at the limits. Of do_mmap()
// since 4.17:
//
//   map_count > sysctl_max_map_count                  ENOMEM   (1)
//   MAP_FIXED_NOREPLACE, and something is in the way  EEXIST   (2)
//   RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_DATA, overcommit, ...    (3)
//
// So an error is proof of an empty range if the kernel came to (2). It did if the same call for as
// many bytes at `base`, where something is mapped, says kTaken: the kernel does not if it stopped
// at (1), nor one before 4.17, which maps elsewhere and comes to the same limit; nor does a filter
// or an emulator that answers an error to every such call, or looks at the limits first. mremap()
// onto the range repeats (1) before it unmaps anything (since 5.1), and compares the difference of
// the sizes with the limits.
//
// Nothing can come to be there before the move but what another thread maps at just this address:
// in this copy of Emma none does before the cursor has gone round (IDENTITIES.md), and what the
// program maps by a fixed address in this zone would be lost.
void* system_map(void* counter, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    const std::uintptr_t kind = base >> kZoneShift;
    unsigned zone = kind == kArenaKind ? kArenaZone : kHugeZone;
    const std::size_t unit = kind == kArenaKind ? 2 * kArenaBytes : alignment;
    if (alignment < kArenaBytes) zone = kMetadataZone;
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
        const std::uintptr_t addr = take_range(zone, bytes, unit, attempt != 0);
        if (addr == 0) break;
        const Extension result = system_extend(counter, addr, bytes);
        if (result == Extension::kTaken) continue;
        if (result == Extension::kDone ||
            (kind > kArenaKind && system_extend(counter, base, bytes) == Extension::kTaken))
            return reinterpret_cast<void*>(addr);
        break;
    }
    return map_and_trim(counter, bytes, alignment);
}

bool system_purge(void* counter, void* pages, std::size_t bytes) {
    count_call(counter);
    return arch::discard(pages, bytes) == arch::Errno::kNone;
}

bool system_resize(void* counter, void* pages, std::size_t old_bytes, void* target,
                   std::size_t new_bytes) {
    count_call(counter);
    return arch::remap(pages, old_bytes, target, new_bytes);
}

// ---- few calls

void* few_calls_map(void* counter, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
    // A base above the origin asks for a place to move to, and nothing moves without mremap().
    return base > kSystemOrigin ? nullptr : map_and_trim(counter, bytes, alignment);
}

// An arena grows only by a mapping at a fixed address. The pool maps the next arena whole instead.
Extension few_calls_extend(void*, std::uintptr_t, std::size_t) { return Extension::kTaken; }

// A mapping can only shrink, where it is.
bool few_calls_resize(void* counter, void* pages, std::size_t old_bytes, void* target,
                      std::size_t new_bytes) {
    return target == pages && new_bytes < old_bytes &&
           system_unmap(counter, static_cast<char*>(pages) + new_bytes, old_bytes - new_bytes);
}

}  // namespace

constinit CallCount g_system_calls;
constinit Atomic<bool> g_few_calls{false};

constinit const PageSource kSystemPages{.map = system_map,
                                        .extend = system_extend,
                                        .unmap = system_unmap,
                                        .purge = system_purge,
                                        .resize = system_resize,
                                        .idle_bytes = nullptr,
                                        .context = &g_system_calls,
                                        .shape = &kDefaultShape,
                                        .origin = kSystemOrigin,
                                        .system_calls = &g_system_calls};

constinit const PageSource kFewCallsPages{.map = few_calls_map,
                                          .extend = few_calls_extend,
                                          .unmap = system_unmap,
                                          .purge = system_purge,
                                          .resize = few_calls_resize,
                                          .idle_bytes = nullptr,
                                          .context = &g_system_calls,
                                          .shape = &kDefaultShape,
                                          .origin = kSystemOrigin,
                                          .system_calls = &g_system_calls};

}  // namespace emma
