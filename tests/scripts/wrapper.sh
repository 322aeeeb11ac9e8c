#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/wrapper.sh SET: emma-cc and emma-c++ behave as compilers do: they only compile when
# told so, take objects, sources and libraries in any order, work from anywhere and through links,
# and say what they cannot do.
# shellcheck disable=SC2317  # functions are called through expect
# TEST-ONCE: it takes both compilers by itself
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
set=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
expect() { # description command...
    local description=$1
    shift
    if ! output=$("$@" 2>&1); then
        printf 'not so: %s\n    %s\n%s\n' "$description" "$*" "$output"
        failed=1
    elif [[ -n $output && $description != *:* ]]; then
        printf 'not so: %s quietly\n%s\n' "$description" "$output"
        failed=1
    fi
}
is_static() { [[ $(readelf -lW "$1") != *INTERP* && $(readelf -hW "$1") == *"EXEC "* ]]; }
is_static_pie() { [[ $(readelf -lW "$1") != *INTERP* && $(readelf -hW "$1") == *"DYN "* ]]; }
refuses() { ! "$@"; }

cat >main.c <<'END'
#include <emma.h>
int part(void);
int main(void) { emma_free(emma_malloc(1)); return part(); }
END
echo 'int part(void) { return 0; }' >part.c
echo '#include <emma.h>
#include <emma_crt.h>
extern "C" int part(void);
struct Global { Global() { value = new int(7); } int* value; } global;
int main() { return part() + (*global.value != 7); }' >main.cpp
mkdir "with space" && cp main.c part.c "with space/"

for compiler in gcc clang; do
    export EMMA_REAL_CC=$compiler EMMA_REAL_CXX=clang++
    [[ $compiler == gcc ]] && EMMA_REAL_CXX=g++
    cc=$set/bin/emma-cc cxx=$set/bin/emma-c++
    expect "compiles only" "$cc" -O2 -Wall -Wextra -c main.c -o main.o
    expect "to the default name" "$cc" -c part.c
    expect "links objects" "$cc" main.o part.o -o objects
    expect "and the result runs" ./objects
    expect "statically" is_static objects
    expect "links sources" "$cc" -O2 main.c part.c -o sources
    expect "and that runs" ./sources
    expect "static-PIE" "$cc" -static-pie -O2 main.c part.c -o pie
    expect "is one" is_static_pie pie
    expect "and runs" ./pie
    expect "links with lld" "$cc" -fuse-ld=lld main.c part.c -o lld
    expect "and that runs too" ./lld
    expect "C++" "$cxx" -std=c++20 -O2 -Wall main.cpp part.o -o plus
    expect "with constructors" ./plus
    expect "C++ static-PIE" "$cxx" -static-pie part.o -x c++ main.cpp -o plus_pie
    expect "with relocated constructors" ./plus_pie
    expect "paths with spaces" "$cc" "with space/main.c" "with space/part.c" -o "with space/program"
    expect "and the program there" "./with space/program"
    ar rc libpart.a part.o
    expect "libraries" "$cc" main.c -L. -lpart -o library && expect "run" ./library
    expect "link-time optimisation" "$cc" -flto -O2 main.c part.c -o lto && expect "runs" ./lto
    expect "sanitised by sections: kept" "$cc" -Wl,--gc-sections -O2 main.c part.c -o sections
    expect "assembly" "$cc" -S part.c -o part.s && expect "of C" grep -q part part.s
    expect "preprocesses: output" "$cc" -E main.c
    expect "dependencies: output" "$cc" -MM main.c
    expect "checks syntax" "$cc" -fsyntax-only main.c
    expect "version: output" "$cc" --version
    ln -sf "$cc" emma-cc && ln -sf "$cxx" emma-c++
    expect "through a link" ./emma-cc main.c part.c -o link && expect "run through a link" ./link
    expect "C++ through a link" ./emma-c++ -c main.cpp -o plus.o
    expect "refuses shared objects: message" refuses "$cc" -shared part.c -o part.so
done
unset EMMA_REAL_CC EMMA_REAL_CXX
cc=$set/bin/emma-cc cxx=$set/bin/emma-c++

# ---- which compiler is wrapped
made_by() { # gcc|clang file
    local comment
    comment=$(readelf -p .comment "$2")
    case $comment in
    *clang*) [[ $1 == clang ]] ;;
    *) [[ $1 == gcc ]] ;;
    esac
}
mkdir -p "my tools" masked
printf '#!/bin/sh\nexec %s "$@"\n' "$cc" >"my tools/script" # leads back, unseen
chmod +x "my tools/script"
cp "$cc" "my tools/copy"
ln -sf "$cc" "my tools/link"
ln -sf "$(command -v clang)" "my tools/clang"
ln -sf "$(command -v ccache)" masked/emma-cc # how ccache stands for a compiler
compiles_by() { # gcc|clang NAME=VALUE...
    rm -f part.o && (ulimit -t 20; timeout 20 env "${@:2}" "$cc" -c part.c) && made_by "$1" part.o
}
expect "without CC" compiles_by gcc A=b
expect "CC chooses" compiles_by clang CC=clang
expect "CC chooses by path" compiles_by clang CC="$(command -v clang)"
expect "by a path with spaces" compiles_by clang CC="$PWD/my tools/clang"
expect "with flags" compiles_by clang CC="clang -O1"
expect "with ccache" compiles_by clang CC="ccache clang" CCACHE_DIR="$work/cache"
expect "our own variable chooses before it" compiles_by clang EMMA_REAL_CC=clang CC=gcc
for lead in emma-cc "$cc" "$cxx" "ccache $cc" "ccache emma-cc" "env A=b $cc" "$PWD/my tools/link" "my tools/copy" \
    "$PWD/my tools/script" "$PWD/masked/emma-cc" "$cc -O2 -std=gnu11"; do
    expect "CC=$lead leads back and is ignored" compiles_by gcc CC="$lead" CXX="$lead" PATH="$set/bin:$PATH" CCACHE_DIR="$work/cache"
done
expect "a wrapper that wraps itself is refused: message" refuses env EMMA_REAL_CC=emma-cc "$cc" -c part.c

# ---- the user's flags win
segment() { readelf -lW "$1" | grep -q "$2"; }
stack() { segment "$1" "GNU_STACK.* $2 "; }
echo 'int unused_function(void) { return 3; } int main(void) { return 0; }' >unused.c
has_unused() { nm "$1" | grep -q unused_function; }
expect "sections are collected" "$cc" unused.c -o unused && expect "indeed" refuses has_unused unused
expect "also of objects made apart" "$cc" -c unused.c && "$cc" unused.o -o unused && expect "indeed too" refuses has_unused unused
expect "or not" "$cc" unused.c -Wl,--no-gc-sections -o unused && expect "as asked" has_unused unused
expect "user's sections" "$cc" -fno-function-sections -c unused.c && expect "as he says" grep -q '\.text' <(readelf -SW unused.o)
expect "one section" refuses grep -q '\.text\.unused' <(readelf -SW unused.o)
for flags in "-static -static-pie" "-static-pie -static" "-static -pie" "-pie"; do
    # shellcheck disable=SC2086
    expect "$flags" "$cc" $flags unused.c -o unused && expect "$flags gives a PIE" is_static_pie unused && ./unused
done
expect "-static-pie -no-pie" "$cc" -static-pie -no-pie unused.c -o unused && expect "gives none" is_static unused
"$cc" -c unused.c && expect "an object for either: PIE" "$cc" -static-pie unused.o -o unused && expect "runs so" ./unused
expect "an object for either" "$cc" unused.o -o unused && expect "and so" ./unused
cat >nested.c <<'END'
static int call(int (*function)(int)) { return function(41); }
int main(int argc, char** argv) {
    (void)argv;
    int nested(int number) { return number + argc; }
    return call(nested) == 42 ? 0 : 1;
}
END
for flags in "" "-static-pie" "-fuse-ld=bfd" "-z execstack" "-Wl,-z,execstack -fuse-ld=lld" "-zexecstack -fuse-ld=mold" \
    "-Xlinker -z -Xlinker execstack -fuse-ld=lld -static-pie"; do
    # shellcheck disable=SC2086
    expect "an executable stack ($flags): warning" "$cc" -O2 $flags nested.c -o nested && expect "runs nested functions ($flags)" ./nested
    expect "is one ($flags)" stack nested RWE
done
expect "none where refused: warning" "$cc" -O2 -z noexecstack nested.c -o nested && expect "refused" stack nested RW
expect "none by itself" "$cc" unused.c -o unused && expect "not executable" stack unused RW
cat >own.ld <<'END'
SECTIONS {
    . = 0x700000;
    .text : { *(.text*) }
    __preinit_array_start = .; __preinit_array_end = .;
    __init_array_start = .; __init_array_end = .;
    __fini_array_start = .; __fini_array_end = .;
    .rest : { *(.rodata* .data* .got*) *(.bss*) }
}
END
expect "his linker script" "$cc" unused.c -T own.ld -Wl,--no-warn-rwx-segments -o unused && expect "is taken" segment unused 0x0000000000700000
for linker in bfd lld mold; do
    cat >registry.c <<'END'
struct entry { int (*function)(void); };
#define ENTRY(name)                              \
    static int name(void) { return __LINE__; }   \
    __attribute__((used, section("registry"))) static const struct entry entry_##name = {name}
ENTRY(alpha);
ENTRY(beta);
extern const struct entry __start_registry[], __stop_registry[];
int main(void) { return __stop_registry - __start_registry == 2 ? 0 : 1; }
END
    expect "named sections ($linker): warning" "$cc" -O2 -fuse-ld=$linker registry.c -o registry && expect "are kept ($linker)" ./registry
done

# ---- files of arguments
echo "-c -O2 'with space/part.c' -o \"with space/part.o\"" >compile.args
expect "arguments from a file" "$cc" @compile.args && expect "are found" test -s "with space/part.o"
printf '%s\n' -static-pie main.c '@compile2.args' >link.args && echo '"with space/part.o" -o filed' >compile2.args
expect "files of files" "$cc" @link.args && expect "a PIE by it" is_static_pie filed && expect "that runs" ./filed
echo -shared >shared.args && expect "a file's refusals: message" refuses "$cc" @shared.args part.c

# ---- what can't be had: one line, and no compiler is run
one_line() {
    local said
    said=$("$@" 2>&1 >/dev/null) && return 1
    local status=$?
    ((status == 1)) && [[ $(wc -l <<<"$said") == 1 && $said == emma-c*": "* ]] && return
    echo "$status: $said"
    return 1
}
for flag in -fsanitize=address -fsanitize=thread -fsanitize=undefined -fsanitize=leak,address -pg --coverage -fprofile-arcs \
    -fprofile-generate -fprofile-instr-generate -fopenmp -fopenmp=libomp -m32 -mx32 -fexceptions -fsplit-stack -shared; do
    for step in "-c part.c" "main.c part.c -o refused" "main.o part.o -o refused"; do
        # shellcheck disable=SC2086
        expect "$flag $step: one line" one_line "$cc" $flag $step
    done
    expect "$flag, C++: one line" one_line "$cxx" $flag -c main.cpp
    expect "nothing came of $flag" refuses test -e refused
done
expect "gold: one line" one_line "$cc" -fuse-ld=gold main.c part.c -o refused
expect "traps need nothing" "$cc" -fsanitize=undefined -fsanitize-undefined-trap-on-error main.c part.c -o trapping && expect "run" ./trapping
expect "clang's too" env CC=clang "$cc" -fsanitize=undefined -fsanitize-trap=all main.c part.c -o trapping && expect "run so" ./trapping
expect "switched off again" "$cc" -fsanitize=address -fno-sanitize=all main.c part.c -o plain && expect "runs plain" ./plain
expect "-fopenmp-simd" "$cc" -fopenmp-simd -pthread -march=x86-64-v2 main.c part.c -o plain

# ---- other libraries come behind ours
cat >print.c <<'END'
#include <stdio.h>
int main(void) { printf("no\n"); return 0; }
END
names_readme() {
    local said
    ! said=$("$@" 2>&1) && [[ $said == *crt/README.md* ]]
}
expect "a missing name has its line" names_readme "$cc" print.c -o print
expect "with lld too" names_readme "$cc" -fuse-ld=lld print.c -o print
expect "libraries that are there anyway" "$cc" main.c -lm -lpthread -ldl -lrt part.c -pthread -rdynamic -o libraries && expect "run nevertheless" ./libraries
echo '#include <string>
#include <map>
#include <stdexcept>
int main() { std::map<int, std::string> m; m[1] = "one"; return m.at(1).size() != 3; }' >library.cpp
for flags in "" "-static-pie" "-fuse-ld=lld"; do
    # shellcheck disable=SC2086
    expect "-lstdc++ ($flags)" "$cxx" -O0 $flags library.cpp -lstdc++ -o library && expect "does no harm ($flags)" ./library
done
exit $failed
