#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/stepping_bugs.sh SET [all]: the stepping harness can fail. Each bug below is put into a copy of
# the sources by one edit, and the harness must find it with the operation and the fault named; without
# the bug the same must pass. All of them take some minutes; without `all` five are tried.
# TEST-ONCE: it is about the harness
# TEST-LIMIT: 900
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS
program=build/tests/static/tests/faults/stepping/stepping
bugs=0 failed=0

complain() {
    echo "$*"
    failed=$((failed + 1))
}
cp -r "$here"/{Makefile,arch,core,crt,linker,tests} "$work" && cd "$work" || exit 1

build() {
    make -j2 "$program" >"$work/log" 2>&1 && return
    tail -n 20 "$work/log"
    return 1
}
# An unharmed copy passes what the bugs are found by.
build || exit 1
cp "$program" "$work/unharmed"

# bug TEXT FILE SED-SCRIPT OPERATION FAULT
bug() {
    local text=$1 file=$2 edit=$3 operation=$4 fault=$5 found
    bugs=$((bugs + 1))
    cp "$file" "$work/original"
    sed -i -E "$edit" "$file"
    if cmp -s "$file" "$work/original"; then
        complain "$text: the edit does not fit $file any more"
    elif ! build; then
        complain "$text: does not compile"
    elif timeout 50 "$program" "$operation" "$fault" >"$work/log" 2>&1; then
        complain "$text: not found by $operation $fault"
    else
        found=$(grep -ac '^FAILED' "$work/log")
        echo "$text: found at $found points; $(grep -am1 '^FAILED' "$work/log")"
        ((found)) || complain "$text: no failure was named"
    fi
    cp "$work/original" "$file"
    "$work/unharmed" "$operation" "$fault" >"$work/log" 2>&1 ||
        complain "$operation $fault fails without a bug: $(grep -am1 '^FAILED' "$work/log")"
}

bug "entry without a look at the busy flag" core/heap.h \
    's/^        const Busy::Mark before = busy.occupy\(\);$/        Busy::Mark before = busy.occupy();\
        if (arenas != nullptr) before = Busy::Mark::kUnoccupied;/' \
    malloc-word handler
bug "a remote free that counts before it sets the bit" core/heap.cpp \
    's/^    const std::uint64_t bit = bit_of\(slot\);$/&\
    const bool is_new = word.load(memory_order_relaxed) == 0;\
    const bool is_first = is_new \&\& slab->owner.add_remote_word(this, memory_order_acq_rel);/
    s/if \(!slab->owner.add_remote_word\(this, memory_order_acq_rel\)\) return false;/if (!is_first) return false;/' \
    free-remote-arena stop
bug "heaps of a parent that are adopted before the survivor has named its own" core/heap_pool.cpp \
    's/return generations_.is_settled\(generation\);/return true;/' \
    fork-malloc-settle stop
bug "slices that are clean before they are present" core/arena.cpp \
    's/^    head.present_slices.set_bits\(slices, memory_order_release\);$/    head.clean_slices.set_bits(slices, memory_order_relaxed);&/' \
    malloc-grow jump
bug "a heap that is given up before its thread is no longer said to have it" core/instance.cpp \
    '/^void detach_thread/,/^}/{/^    t_heap.store/d;s/^    HeapPool::release\(heap\);$/&\
    signal_fence();\
    t_heap.store(\&g_no_heap, memory_order_relaxed);/;}' \
    thread_detach keeper

if [[ ${2-} == all ]]; then
bug "entry without a look at the visitor's flag" core/heap.h \
    's/^        if \(visited.admits\(before\)\) \[\[likely\]\]/        if (before == Busy::Mark::kUnoccupied)/' \
    trim stop
bug "a drain that does not wait for the count of words that it found" core/heap.cpp \
    's/^    slab->uncounted = static_cast.* early - kBitmapWords\);$/    slab->uncounted = static_cast<std::uint16_t>(slab->uncounted - kBitmapWords); (void)early;/; s/ \+ early - static_cast/ - static_cast/' \
    free-remote-arena stop
bug "a walk that pins no arena" core/arena_pool.h \
    '/^            visit\(\*arena\);$/{N;s/(.*)\n(.*)/\2\n\1/}' \
    walk-arenas stop
bug "an empty arena that waits until its place is not pinned" core/trim.cpp \
    '/is_pinned\(place\)\) \{$/,/^    \}$/s/put_back\(arena, removal\);/table_.cancel_removal(removal);/' \
    walk-arenas death
bug "a wait for the thread that is growing an arena" core/arena.cpp \
    's/^std::size_t Arena::grow\(Pages& pages, unsigned count\) \{$/&\
    while (can_grow() \&\& count_bits(head.present_slices.load(memory_order_acquire)) + 1 != \
        head.mark.load(memory_order_relaxed)) {}/' \
    malloc-grow stop
fi
echo "$bugs bugs, $failed failures"
exit $((failed > 0))
