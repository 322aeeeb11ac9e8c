#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/gdb.sh SET: the commands of linker/gdb on a live process and on its core dump, of a static
# program, a static-PIE without debug information and a program under the preload library: what each pointer
# is, the heaps and their holders, arenas, slabs, classes; damage is found. What a debugger may call (emma_check,
# emma_report), the commands that a program linked with -ggdb brings along, and names in valgrind's stacks.
# TEST-ONCE: it compiles by gcc; the layout of clang's build is compared
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" preload
unset MAKEFLAGS MAKELEVEL MFLAGS
set=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "$*" && failed=1; }

cat >"$work/look" <<'END'
echo == live\n
emma pointer (long)g_live
echo == inside\n
emma pointer (long)g_inside
echo == free\n
emma pointer (long)g_free
echo == never\n
emma pointer (long)g_never
echo == remote\n
emma pointer (long)g_remote
echo == run\n
emma pointer (long)g_run
echo == freed_run\n
emma pointer (long)g_freed_run
echo == huge\n
emma pointer (long)g_huge + 4096
echo == own\n
emma pointer (long)g_own
echo == foreign\n
emma pointer (long)&g_live
echo == header\n
emma pointer (long)g_live & ~0x3fffffL
echo == heaps\n
emma heaps
echo == arenas\n
emma arenas
echo == slabs\n
emma slabs 90
echo == classes\n
emma classes
echo == largest\n
emma classes 1
echo == check\n
emma check
echo == end\n
END

# part NAME: the answer to one command.
part() { sed -n "/^== $1\$/,/^== /p" "$work/$about.said" | grep -v '^== '; }
# says NAME REGEX: some line of the answer is like that.
says() { part "$1" | grep -qE -- "$2" || fail "$about: $1 does not say '$2' but: $(part "$1")"; }

check_answers() { # name of the answers, holder of the first heap
    about=$1
    says live '^0x[0-9a-f]+: live, the start of an object of 96 bytes at 0x'
    says live '^  slot 10 of a slab of 682 slots of 96 bytes \(class 5\) at 0x[0-9a-f]+, descriptor 0x'
    says live "^  heap 0x[0-9a-f]+, held by $2"
    says live '^  arena 0x[0-9a-f]+, slice [0-9]+$'
    says inside ': live, byte 40 of an object of 96 bytes'
    says free ': free, the start of an object of 96 bytes'
    says never ': free, was never handed out'
    says remote ': free, by another thread; its owner has yet to collect it'
    says run ': live, the start of an object of 327680 bytes'
    says freed_run ': free, a slice without an object'
    says huge ': live, byte 4096 of an object of 900[0-9]{4} bytes'
    says foreign ": not Emma's"
    says header ': metadata: the header of an arena'
    says heaps '^ *0x[0-9a-f]+ +1 +50 +11200 +0  thread 2 \(LWP [0-9]+\)$'
    says heaps "^ *0x[0-9a-f]+ +[0-9]+ +[0-9]+ +[0-9]+ +1  $2"
    says arenas '^1 arena, 1 huge object, [0-9]+ bytes mapped$'
    says slabs '^ *0x[0-9a-f]+ +current +682 +98 +1  0x'
    says slabs '^1 slab of 96 bytes$'
    says classes '^ +224 +1 +50 +11200$'
    says classes '^ +96 +1 +98 +9408$'
    says largest '^ +larger +2 +93[0-9]{5}$'
    [[ $(part largest | grep -c '^ *[0-9]') -le 3 ]] || fail "$about: emma classes 1 says more than one: $(part largest)"
    says check '^0 invariants broken$'
}

# look NAME HOLDER GDB-ARGUMENTS...: live, then in a core dump, which must say the same.
look() {
    local name=$1 holder=$2
    shift 2
    timeout 60 gdb -nx -batch -ex 'set pagination off' "$@" -ex 'break stop_here' -ex run -x "$set/gdb/emma.py" -x "$work/look" \
        -ex "generate-core-file $work/core" >"$work/$name.said" 2>"$work/$name.err"
    check_answers "$name" "$holder"
    timeout 60 gdb -nx -batch -x "$set/gdb/emma.py" -x "$work/look" "${@: -1}" "$work/core" >"$work/$name-core.said" 2>>"$work/$name.err"
    check_answers "$name-core" "$holder"
    diff <(sed -n '/^== live$/,/^== end$/p' "$work/$name.said") <(sed -n '/^== live$/,/^== end$/p' "$work/$name-core.said") ||
        fail "$name: live process and core dump differ"
    rm -f "$work/core"
}

compile=("$set/bin/emma-c++" -O1 -Wall -Wextra -Werror tests/gdb/program.cpp)
"${compile[@]}" -g -o "$work/static" && look static 'thread 1 \(LWP' "$work/static"
says own ': live, the start of an object of 5120 bytes'
says own '^  of the heap 0x[0-9a-f]+ of emma_heap_create$'
"${compile[@]}" -static-pie -o "$work/pie" && strip -g "$work/pie" && look pie '(thread 1 \(LWP|a thread that does not say)' "$work/pie"
g++ -O1 -DHOSTED=1 tests/gdb/program.cpp -pthread -o "$work/hosted" &&
    look preload '(thread 1 \(LWP|a thread that does not say)' -ex "set environment LD_PRELOAD=$(realpath "$set/libemma_preload.so")" "$work/hosted"
"${compile[@]}" -o "$work/stripped" -s
said=$(gdb -nx -batch -x "$set/gdb/emma.py" -ex 'break _start' -ex 'starti' -ex 'emma heaps' "$work/stripped" 2>&1)
grep -q 'the program has no symbol of Emma' <<<"$said" || fail "stripped: $said"
said=$(gdb -nx -batch -x "$set/gdb/emma.py" -ex 'emma heaps' "$work/static" 2>&1)
grep -q 'no process and no core dump' <<<"$said" || fail "without a process: $said"

# ---- damage: a slab that says it has nine slices. What is called in the program finds it too.
"${compile[@]}" -ggdb -o "$work/ggdb"
# shellcheck disable=SC2016  # gdb's variables
slab='$slab = ((long)g_live & ~0x3fffffL) + (((long)g_live >> 16) & 63) * 64'
# shellcheck disable=SC2016
said=$(gdb -nx -batch -iex "add-auto-load-safe-path $(realpath "$set")" -ex 'break stop_here' -ex run \
    -ex 'call (unsigned)emma_check(0, 0)' -ex 'call (void)emma_report(0, 0)' -ex "set var $slab" \
    -ex 'set var *(unsigned char *)($slab + 57) = 9' -ex 'emma check' -ex 'call (unsigned)emma_check(0, 0)' "$work/ggdb" 2>&1)
# shellcheck disable=SC2016
for expected in '^\$1 = 0$' '^emma: statistics$' '^ +96 +1 +98 +9408$' '^broken at 0x[0-9a-f]*: a slice of a slab is free$' \
    '^[1-9][0-9]* invariants broken' '^\$2 = [1-9]'; do
    grep -qE "$expected" <<<"$said" || fail "not said: $expected: $said"
done

# ---- as installed: what -ggdb links, and what gdb finds for the preload library
make install PREFIX="$work/prefix" >/dev/null && cp "$set/libemma_preload.so" "$work/prefix/lib"
"$work/prefix/bin/emma-c++" -O1 -ggdb tests/gdb/program.cpp -o "$work/installed"
trusted=(-iex "add-auto-load-safe-path $work/prefix" -iex "add-auto-load-scripts-directory $work/prefix/share/gdb/auto-load")
said=$(gdb -nx -batch "${trusted[@]}" -ex 'break stop_here' -ex run -ex 'emma check' "$work/installed" 2>&1)
grep -q '^0 invariants broken' <<<"$said" || fail "-ggdb, installed: $said"
said=$(gdb -nx -batch "${trusted[@]}" -ex "set environment LD_PRELOAD=$work/prefix/lib/libemma_preload.so" -ex 'break stop_here' -ex run \
    -ex 'emma check' "$work/hosted" 2>&1)
grep -q '^0 invariants broken' <<<"$said" || fail "the preload library, installed: $said"

# ---- names in valgrind's stacks
for kind in -static -static-pie; do
    for linker in bfd lld mold; do
        "${compile[@]}" -g $kind -fuse-ld=$linker -o "$work/named"
        said=$(timeout 100 valgrind "$work/named" once 2>&1)
        for expected in 'depends on uninitialised value' ' depend_on \(program.cpp:[0-9]+\)' ' main \(program.cpp:[0-9]+\)'; do
            grep -qE "$expected" <<<"$said" || fail "valgrind, $kind $linker, does not say '$expected': $said"
        done
    done
done

# ---- gcc and clang lay the allocator out alike
if [[ -e build/clang/gdb/emma_memory.py && $set == build ]]; then
    make build/gdb/emma_memory.py >/dev/null && make CC=clang CXX=clang++ build/clang/gdb/emma_memory.py >/dev/null
    cmp build/gdb/emma_memory.py build/clang/gdb/emma_memory.py || fail "clang lays the records out otherwise"
fi
exit $failed
