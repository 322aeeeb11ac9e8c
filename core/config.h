// SPDX-License-Identifier: MIT OR Apache-2.0
// The build options as constants. The only reader of EMMA_* option macros: the rest of core/ sees
// typed constants, so that every branch is compiled in every build.
#pragma once

#ifndef EMMA_TLS
#define EMMA_TLS 1
#endif
#ifndef EMMA_CHECKS
#define EMMA_CHECKS 0
#endif
#ifndef EMMA_DEBUG
#define EMMA_DEBUG 0
#endif
#ifndef EMMA_FOR_SPEED
#define EMMA_FOR_SPEED 0
#endif
#ifndef EMMA_BARE
#define EMMA_BARE 0
#endif
#ifndef EMMA_HEAP_SLOT
#define EMMA_HEAP_SLOT 0
#endif
#ifndef EMMA_HEAP_SLOT_OFFSET
#define EMMA_HEAP_SLOT_OFFSET 0
#endif
#ifndef EMMA_HOSTED
#define EMMA_HOSTED 0
#endif

namespace emma {

enum class HeapSlotKind : char { kNone, kFunction, kGs };

inline constexpr bool kThreadPointer = EMMA_TLS == 1;  // a heap per thread, found through %fs
inline constexpr auto kHeapSlot = HeapSlotKind{EMMA_HEAP_SLOT};     // ... or through the program's
inline constexpr unsigned kHeapSlotOffset = EMMA_HEAP_SLOT_OFFSET;  // ... behind %gs
inline constexpr bool kOwnHeaps = kThreadPointer || kHeapSlot != HeapSlotKind::kNone;
inline constexpr bool kChecks = EMMA_CHECKS == 1;       // prove every pointer before touching it
inline constexpr bool kDebug = EMMA_DEBUG == 1;         // EMMA_ASSERT is on
inline constexpr bool kForSpeed = EMMA_FOR_SPEED == 1;  // short cuts that cost text
inline constexpr bool kBare = EMMA_BARE == 1;           // no system: core/bare is linked
inline constexpr bool kHosted = EMMA_HOSTED == 1;       // libemma_preload.so: core/hosted is linked
// What is live when the program exits is reported. Not under a libc's program, which always leaves
// something.
inline constexpr bool kLeakReport = kDebug && !kHosted;

}  // namespace emma

// Public functions stay visible where the archive is linked into a shared object.
#define EMMA_PUBLIC extern "C" __attribute__((visibility("default")))
