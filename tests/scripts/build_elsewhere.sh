#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/build_elsewhere.sh SET: `make BUILD=folder` builds from a source tree that can't be written,
# in a folder with a space in its name, and writes nothing outside of BUILD. The archives have the same bits
# as those in SET, which were built in another folder: with debug information too. The caller's flags,
# archiver and WERROR=0 are used. What README and examples link is small without a separate strip, and a
# debugger still shows who called whom.
# TEST-ONCE: it builds the default build once more
# TEST-LIMIT: 200
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS
set=$(realpath "$1")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
complain() { echo "$*" && exit 1; }

# ---- a source tree that can't be written, by a user who isn't root
source="$work/a source tree" out=$work/out
mkdir -m 777 "$source" "$out"
chmod 755 "$work"
cp -r Makefile LICENSE-* README.md arch core crt examples linker tests "$source"
chmod -R a-w,a+rX "$source"
touch "$work/before"
as_user=()
[[ $(id -u) -ne 0 ]] || as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
build() { "${as_user[@]}" make -C "$source" BUILD="$out" "$@" >"$work/log" 2>&1 || complain "$(tail -n 20 "$work/log")"; }
build all one-file
written=$(find "$source" -newer "$work/before")
[[ -z $written ]] || complain "written into the source tree: $written"
for name in libemma.a libemma_crt.a libemma_beside.a lib/ours_first.o bin/emma-cc; do
    cmp "$set/$name" "$out/$name" || complain "$name: not the same bits from two folders"
done
[[ -e $out/one-file/emma.cpp ]] || complain "make BUILD=... one-file"
if strings "$out"/*.a | grep -qF "$work"; then complain "the archives name the folder they were built in"; fi

# ---- the caller's flags; with -g debug information is kept, and is the same from two folders too
one=obj/core/heap.cpp.o
mkdir "$work/here"
build CXXFLAGS='-g -DEMMA_GIVEN=1' CPPFLAGS=-DEMMA_GIVEN_TOO=1 V=1 "$out/$one"
[[ $(<"$work/log") == *-DEMMA_GIVEN_TOO=1*-DEMMA_GIVEN=1* ]] || complain "CPPFLAGS and CXXFLAGS are not used"
make BUILD="$work/here" CXXFLAGS='-g -DEMMA_GIVEN=1' CPPFLAGS=-DEMMA_GIVEN_TOO=1 "$work/here/$one" >/dev/null
readelf -SW "$out/$one" | grep -q '\.debug_info' || complain "CXXFLAGS=-g: no debug information"
cmp "$out/$one" "$work/here/$one" || complain "with -g not the same bits from two folders"
said=$(make -n V=1 AR=no-such-ar WERROR=0 LDFLAGS=-Wl,--given BUILD="$work/not made" all preload 2>&1) && complain "BUILD with a space: $said"
said=$(make -n V=1 AR=no-such-ar WERROR=0 LDFLAGS=-Wl,--given BUILD="$work/none" all preload) || complain "$said"
[[ $said == *'no-such-ar rcsD'* && $said == *-Wl,--given* && $said != *-Werror* ]] || complain "AR, LDFLAGS, WERROR=0"
said=$(make clean BUILD="$work/here/obj" 2>&1) && complain "make clean removes what is no build folder"
make clean BUILD="$work/here" >/dev/null
[[ ! -e $work/here ]] || complain "make clean BUILD=..."

# ---- how large programs are as they are linked, and what a debugger makes of them
# shellcheck disable=SC2016  # the backquotes are Markdown's
sed -n '/^```cpp$/,/^```$/p' README.md | grep -v '^```' >"$work/prog.cpp"
small() { # most bytes, source
    local wrapper=emma-cc
    [[ $2 == *.c ]] || wrapper=emma-c++
    "$set/bin/$wrapper" -O2 "$2" -o "$work/prog"
    local bytes
    bytes=$(stat -c %s "$work/prog")
    echo "${2##*/}, as linked: $bytes bytes"
    ((bytes <= $1)) || complain "at most $1"
}
small 65536 examples/wordfreq.cpp
small 40960 examples/hello.c
small 40960 "$work/prog.cpp"
printf '#include <emma.h>\nint main(void) { void *p = emma_malloc(9); emma_free(p); emma_free(p); return 0; }\n' >"$work/twice.c"
"$set/bin/emma-cc" -g "$work/twice.c" -o "$work/twice"
if command -v gdb >/dev/null; then
    said=$(gdb -nx -batch -ex run -ex bt "$work/twice" 2>&1)
    [[ $said == *'emma::panic'*'in main ()'* ]] || complain "no backtrace: $said"
fi
