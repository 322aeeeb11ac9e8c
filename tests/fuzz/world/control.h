// SPDX-License-Identifier: MIT OR Apache-2.0
// What looks at an instance as a whole: a walk lists exactly the live objects, statistics count
// them, every invariant holds. And misuses, each in a process of its own, which must end by a
// panic.
#pragma once

#include "objects.h"

static void write_error(void* context, const char* text, size_t length) {
    (void)context;
    if (write(2, text, length) < 0) _exit(3);
}

static void do_check(size_t heap) {
    if (!is_heap(heap)) return;
    emma_heap* const h = g_heaps[heap % kHeaps].heap;
    unsigned wrong;
    TRAPPED(wrong =
                h == NULL ? emma_check(write_error, NULL) : emma_heap_check(h, write_error, NULL));
    if (wrong != 0) fail("%u invariants of heap %zu do not hold", wrong, heap % kHeaps);
}

// ---- walks -------------------------------------------------------------------------------------
// A table of the objects of a heap that the model knows, by address.

enum { kEntries = 1 << 16 };  // at least twice as many as there may be objects

struct entry {
    const unsigned char* start;
    size_t bytes;
};
struct census {
    struct entry* entries;
    unsigned shift;  // of a hash: 1 << (64 - shift) entries are used
    size_t known_count, known_bytes, seen_count, strays;
    size_t left;  // objects until the visitor ends the walk; 0: it does not
    bool is_exact;
};

static struct entry* entry_of(const struct census* census, const unsigned char* start) {
    size_t i = ((uintptr_t)start >> 4) * 0x9e3779b97f4a7c15u >> census->shift;
    while (census->entries[i].start != NULL && census->entries[i].start != start)
        i = (i + 1) & (((size_t)1 << (64 - census->shift)) - 1);
    return &census->entries[i];
}
static void add_known(struct census* census, const unsigned char* start, size_t bytes) {
    struct entry* entry = entry_of(census, start);
    if (entry->start != NULL) fail("%p is two objects", (const void*)start);
    entry->start = start;
    entry->bytes = bytes;
    census->known_count++;
    census->known_bytes += bytes;
}

static size_t count_known(unsigned heap) {
    size_t count = 0;
    for (unsigned i = 0; i < kSlots + kMailboxes; i++)
        count += g_objects[i].start != NULL && g_objects[i].heap == heap;
    for (unsigned c = 0; c < kCrowds; c++)
        for (unsigned i = 0; g_crowds[c].heap == heap && i < kCrowdSize; i++)
            count += g_crowds[c].start[i] != NULL;
    return count;
}

static void add_all_known(struct census* census, unsigned heap) {
    for (unsigned i = 0; i < kSlots + kMailboxes; i++)
        if (g_objects[i].start != NULL && g_objects[i].heap == heap)
            add_known(census, g_objects[i].start, g_objects[i].bytes);
    for (unsigned c = 0; c < kCrowds; c++)
        for (unsigned i = 0; i < kCrowdSize; i++)
            if (g_crowds[c].start[i] != NULL && g_crowds[c].heap == heap)
                add_known(census, g_crowds[c].start[i], g_crowds[c].bytes);
}

static bool visit(void* context, void* object, size_t bytes) {
    struct census* census = context;
    if (census->is_exact) {
        struct entry* entry = entry_of(census, object);
        if (entry->start == NULL) {
            census->strays++;
        } else {
            if (bytes < entry->bytes)
                fail("a walk shows %p with %zu bytes of %zu", object, bytes, entry->bytes);
            entry->bytes = SIZE_MAX;  // not to be seen again
        }
    }
    if (census->seen_count++ % 16 == 3) emma_free(emma_malloc(40));  // a visitor may
    return census->left == 0 || --census->left != 0;
}

static int walk(unsigned heap, struct census* census) {
    return heap == 0 ? emma_walk(visit, census) : emma_heap_walk(g_heaps[heap].heap, visit, census);
}

static void walk_exactly(unsigned heap) {
    static struct entry entries[kEntries];
    struct census census = {.entries = entries, .shift = 60, .is_exact = true};
    for (size_t room = 16, count = count_known(heap); room < 2 * count; room *= 2) census.shift--;
    memset(entries, 0, sizeof *entries << (64 - census.shift));
    add_all_known(&census, heap);
    if (walk(heap, &census) != 0) fail("a walk has ended by itself");
    if (census.strays != 0 && g_heaps[heap].killed_count == 0)
        fail("a walk of heap %u shows %zu objects that are none", heap, census.strays);
    if (census.seen_count - census.strays != census.known_count)
        fail("a walk of heap %u shows %zu of %zu objects", heap, census.seen_count - census.strays,
             census.known_count);
}

// Whole, or to the object `stop_after`.
static void do_walk(size_t heap, size_t stop_after) {
    const unsigned index = (unsigned)(heap % kHeaps);
    if (!is_heap(heap)) return;
    if (is_quiet() && t_trap.left == 0 && !g_few_calls && stop_after == 0)
        return walk_exactly(index);
    struct census census = {.left = stop_after};
    int result;
    TRAPPED(result = walk(index, &census));
    const bool was_ended = stop_after != 0 && census.left == 0;
    if (result != (was_ended ? 1 : 0)) fail("a walk has given %d", result);
}

// ---- figures -----------------------------------------------------------------------------------

static void stats_of(unsigned heap, struct emma_stats* stats) {
    if (heap == 0) {
        emma_stats(stats);
    } else {
        emma_heap_stats(g_heaps[heap].heap, stats);
    }
}

static void known_of(unsigned heap, size_t* count, size_t* bytes) {
    *count = *bytes = 0;
    for (unsigned i = 0; i < kSlots + kMailboxes; i++)
        if (g_objects[i].start != NULL && g_objects[i].heap == heap) {
            ++*count;
            *bytes += g_objects[i].usable;
        }
    for (unsigned c = 0; c < kCrowds; c++)
        for (unsigned i = 0; i < kCrowdSize; i++)
            if (g_crowds[c].start[i] != NULL && g_crowds[c].heap == heap) {
                ++*count;
                *bytes += usable_of(heap, g_crowds[c].start[i]);
            }
}

static void check_counts(unsigned heap, const struct emma_stats* stats) {
    size_t count, bytes, in_classes = 0;
    known_of(heap, &count, &bytes);
    for (unsigned i = 0; i < EMMA_SIZE_CLASSES; i++) in_classes += stats->classes[i].live_objects;
    if (in_classes > stats->live_objects) fail("more objects in classes than in all");
    if (g_heaps[heap].killed_count != 0) return;
    if (stats->live_objects != count)
        fail("heap %u: %zu live objects, of which %zu are known", heap, stats->live_objects, count);
    if (stats->live_bytes != bytes)
        fail("heap %u: %zu live bytes, of which %zu are known", heap, stats->live_bytes, bytes);
}

static void do_stats(size_t heap) {
    const unsigned index = (unsigned)(heap % kHeaps);
    if (!is_heap(heap)) return;
    struct emma_stats stats;
    const bool is_exact = is_quiet() && t_trap.left == 0;
    TRAPPED(stats_of(index, &stats));
    const size_t limit = g_heaps[index].limit_bytes;
    if (!is_exact) return;
    if (limit != 0 && stats.mapped_bytes > limit)
        fail("heap %u: %zu bytes mapped, the limit is %zu", index, stats.mapped_bytes, limit);
    if (stats.mapped_peak_bytes < stats.mapped_bytes || stats.live_bytes > stats.mapped_bytes)
        fail("heap %u: live %zu, mapped %zu, peak %zu", index, stats.live_bytes, stats.mapped_bytes,
             stats.mapped_peak_bytes);
    const size_t held = g_heaps[index].source.held_bytes;
    if (g_heaps[index].kind == kFunctions && held > stats.mapped_bytes + stats.idle_bytes + 65536)
        fail("heap %u: its source has given %zu bytes, %zu are counted", index, held,
             stats.mapped_bytes);
    check_counts(index, &stats);
}

static void count_text(void* context, const char* text, size_t length) {
    if (length == 0 || memchr(text, 0, length) != NULL) fail("a report has an odd line");
    *(size_t*)context += length;
}
static void do_report(size_t heap) {
    emma_heap* const h = g_heaps[heap % kHeaps].heap;
    size_t length = 0;
    if (!is_heap(heap)) return;
    if (h == NULL) {
        emma_report(count_text, &length);
    } else {
        emma_heap_report(h, count_text, &length);
    }
    if (length < 100) fail("a report of %zu characters", length);
}
static void do_picture(size_t heap) {
    emma_heap* const h = g_heaps[heap % kHeaps].heap;
    size_t length = 0;
    if (!is_heap(heap)) return;
    if (h == NULL) {
        emma_picture(count_text, &length);
    } else {
        emma_heap_picture(h, count_text, &length);
    }
    if (length < 100) fail("a picture of %zu characters", length);
}

static void do_trim(size_t heap) {
    if (!is_heap(heap)) return;
    if (heap % kHeaps == 0) {
        TRAPPED((void)emma_trim());
    } else {
        TRAPPED((void)emma_heap_trim(g_heaps[heap % kHeaps].heap));
    }
}

// An address at or beside an object. Only its start is owned, and by its own heap only.
static void do_owns(size_t s, size_t offset) {
    struct object* const o = slot(s);
    if (o->start == NULL || !is_quiet()) return;
    if (!owns(o->heap, o->start)) fail("%p is not owned", (void*)o->start);
    if (offset % (o->usable + 1) != 0 && offset < o->usable && owns(o->heap, o->start + offset))
        fail("%p is owned, %zu bytes into an object", (void*)(o->start + offset), offset);
    for (unsigned h = 0; h < kHeaps; h++)
        if (h != o->heap && is_heap(h) && owns(h, o->start))
            fail("%p is owned by two heaps", (void*)o->start);
}
static void do_owns_any(size_t address) { (void)emma_owns((const void*)address); }

static void do_usable(size_t s) {
    struct object* const o = slot(s);
    if (o->start == NULL) return;
    size_t usable;
    TRAPPED(usable = usable_of(o->heap, o->start));
    if (usable != o->usable)
        fail("%p has %zu usable bytes, and had %zu", (void*)o->start, usable, o->usable);
}

static void do_attach(void) {
    int result;
    TRAPPED(result = emma_thread_attach());
    if (result != 0 && !g_shortage) fail("no heap for a thread, errno %d", errno);
}
static void do_detach(void) { TRAPPED(emma_thread_detach()); }

// ---- for good: in a child only -----------------------------------------------------------------

// Objects of so many bytes in all, in a mix of sizes, cost no system call once they are reserved.
static void spend_reserved(size_t bytes) {
    enum { kMost = 1000 };
    static void* kept[kMost];
    struct emma_stats before, after;
    unsigned count = 0;
    emma_stats(&before);
    for (size_t spent = 0; count < kMost; count++) {
        size_t size = 1 + (count * 7919u) % (count % 8 == 7 ? 1 + bytes / 4 : 3000);
        spent += size < 16 ? 16 : size;
        if (spent > bytes) break;
        kept[count] = emma_malloc(size);
        if (kept[count] == NULL) fail("%zu bytes of %zu reserved ones are not there", size, bytes);
    }
    emma_stats(&after);
    if (after.system_calls != before.system_calls) fail("reserved memory has cost a system call");
    while (count > 0) emma_free(kept[--count]);
}

static void do_reserve(size_t bytes) {
    const int result = emma_reserve(bytes);
    if (result != 0 && result != ENOMEM && result != EPERM)
        fail("emma_reserve has given %d", result);
    if (result != 0 && !g_shortage && bytes < (size_t)1 << 28) fail("nothing reserved: %d", result);
    if (result == 0 && !g_shortage) spend_reserved(bytes);
}
static void do_seal(void) {
    if (emma_seal() != 0) fail("emma_seal has failed");
    g_shortage = g_sealed = true;
}
static void do_limit_calls(void) {
    if (emma_limit_calls() != 0) fail("emma_limit_calls has failed");
    g_few_calls = true;
}

// ---- the address space -------------------------------------------------------------------------

static size_t read_maps(char* text, size_t room) {
    const int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    for (ssize_t more = 1; file >= 0 && more > 0 && length + 1 < room;
         length += more > 0 ? (size_t)more : 0)
        more = read(file, text + length, room - 1 - length);
    if (file >= 0) close(file);
    text[length] = '\0';
    return length;
}

// Bytes mapped of all, and where Emma maps: from 17 to 38 TiB.
static void measure_space(size_t* all, size_t* emmas) {
    static char text[1 << 20];
    *all = *emmas = 0;
    read_maps(text, sizeof text);
    for (const char* line = text; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        char* rest;
        const size_t begin = strtoul(line, &rest, 16),
                     end = strtoul(rest + (*rest == '-'), NULL, 16);
        *all += end - begin;
        if (begin >= (size_t)17 << 40 && end <= (size_t)38 << 40) *emmas += end - begin;
    }
}

// Nothing is mapped that is not counted.
static void verify_space(void) {
    size_t all, emmas, counted = 0;
    struct emma_stats stats;
    for (unsigned h = 0; h < kHeaps; h++) {
        if (h != 0 && (g_heaps[h].heap == NULL || g_heaps[h].kind != kSystem)) continue;
        stats_of(h, &stats);
        counted += stats.mapped_bytes + stats.idle_bytes + 65536;
    }
    measure_space(&all, &emmas);
    if (emmas > counted) fail("%zu bytes are mapped, %zu are counted", emmas, counted);
}

// At most so much more address space for the process from now on; 0: any.
static void do_space(size_t bytes) {
    size_t all, emmas;
    if (FUZZ_ASAN) return;
    measure_space(&all, &emmas);
    const struct rlimit limit = {bytes == 0 ? RLIM_INFINITY : all + bytes, RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &limit) != 0) fail("setrlimit: %s", strerror(errno));
    g_shortage = g_sealed || bytes != 0;
}

static void do_verify(void) {
    verify_all();
    for (unsigned h = 0; h < kHeaps; h++) {
        if (!is_heap(h)) continue;
        do_check(h);
        do_walk(h, 0);
        do_stats(h);
    }
    if (!g_few_calls && !g_sealed) verify_space();
}
