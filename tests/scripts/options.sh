#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/options.sh SET: `make help` names every target and option; a value that no option has,
# one that does not work yet, and a compiler that is not there are refused in one clear line.
# TEST-ONCE: it is about the Makefile
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
failed=0
unset MAKEFLAGS MAKELEVEL MFLAGS
help=$(make help)
for word in check demo demo-kernel example-NAME stepping storms bench-signals preload man lint format install clean ARCH TLS CHECKS DEBUG FOR PORT HEAP_SLOT SYMBOL_PREFIX CXX PREFIX LIBDIR INCLUDEDIR MANDIR DOCDIR uninstall BUILD CPPFLAGS CXXFLAGS LDFLAGS AR WERROR; do
    grep -q "$word" <<<"$help" || { echo "make help does not name $word" && failed=1; }
done
refused() { # expected text, arguments of make
    local expected=$1 said
    shift
    if said=$(make -n "$@" 2>&1); then
        echo "make $* was not refused" && failed=1
    elif [[ $(wc -l <<<"$said") -ne 1 || $said != *"$expected"* ]]; then
        printf 'make %s said:\n%s\n' "$*" "$said" && failed=1
    fi
}
refused "ARCH='x86' is none of" ARCH=x86
refused "ARCH=aarch64 is planned" ARCH=aarch64
refused "TLS='2' is none of" TLS=2
refused "TLS='' is none of" TLS=
refused "TLS='0 1' is none of" TLS="0 1"
refused "CHECKS='yes' is none of" CHECKS=yes
refused "DEBUG='on' is none of" DEBUG=on
refused "FOR='fun' is none of" FOR=fun
refused "PORT='windows' is none of" PORT=windows
refused "PORT='' is none of" PORT=
refused "make check takes no PORT=bare" PORT=bare check
refused "TLS='2' is none of" PORT=bare TLS=2
refused "HEAP_SLOT='fs:8' is none of" PORT=bare HEAP_SLOT=fs:8
refused "HEAP_SLOT='gs:' is none of" PORT=bare HEAP_SLOT=gs:
refused "HEAP_SLOT='gs:8 gs:16' is none of" PORT=bare HEAP_SLOT='gs:8 gs:16'
refused "HEAP_SLOT works with PORT=bare" HEAP_SLOT=function
refused "HEAP_SLOT and TLS=1" PORT=bare HEAP_SLOT=function TLS=1
refused "SYMBOL_PREFIX='9x' is not the beginning" SYMBOL_PREFIX=9x
refused "SYMBOL_PREFIX='a-b' is not" SYMBOL_PREFIX=a-b
refused "SYMBOL_PREFIX='a b' is not" SYMBOL_PREFIX='a b'
refused "SYMBOL_PREFIX=''' is not" SYMBOL_PREFIX=\'
refused "make check takes no SYMBOL_PREFIX" SYMBOL_PREFIX=x_ check
refused "not found: no-such-g++" CXX=no-such-g++ CC=gcc
refused "no such option: TSL" TSL=0
refused "no such option: CHEKS" CHEKS=1
refused "WERROR='no' is none of" WERROR=no
refused "BUILD='a b' has a character" BUILD='a b'
refused "make check takes no BUILD" BUILD=/nonexistent check
# Asking whether something is to be done, or what, does nothing.
make -q all || { echo "make -q: something is to be done in what has just been built" && failed=1; }
touch "$1/asked"
said=$(make -n CXXFLAGS=-DASKED all programs 2>&1) || { echo "make -n: $said" && failed=1; }
# What it would have made first. Other tests build other sets in folders below this one meanwhile.
made=$(find "$1"/*.a "$1/flags" "$1/obj" -newer "$1/asked" -type f | head -n 3)
[[ -z $made ]] || { echo "make -n made $made" && failed=1; }
rm "$1/asked"
exit $failed
