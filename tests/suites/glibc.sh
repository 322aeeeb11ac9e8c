#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# glibc's tests of malloc, under the preload library. They stand on the helpers of glibc's support/, which
# are built outside glibc's tree, against the system's headers: those that can be are enough.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

source=$suites/sources/glibc-2.36
# glibc's own headers come last, so that of them only those are found that a system has not.
flags=(-std=gnu11 -O2 -w -D_GNU_SOURCE -DTIMEOUTFACTOR=1 '-Dlibc_hidden_proto(...)=' -include limits.h
    -I"$source" -I"$source/support" -idirafter "$source/include" -idirafter "$source/sysdeps/generic" -idirafter "$work")
for path in SRCDIR OBJDIR INSTDIR LIBDIR SLIBDIR BINDIR SBINDIR ROOTSBINDIR COMPLOCALEDIR; do
    flags+=("-D${path}_PATH=\"$work\"")
done
flags+=("-DOBJDIR_ELF_LDSO_PATH=\"/lib64/ld-linux-x86-64.so.2\"")

programs() {
    # tst-interpose-* have a malloc of their own; -aux, -skeleton are parts of others.
    (cd "$source/malloc" && printf '%s\n' mallocbug.c tst-*.c) | sed 's/\.c$//' | grep -v -e -interpose
}
quick() { programs | grep -vE 'fork|too-large|tcache|thread|dynarray'; }
prepare() {
    unpack /usr/src/glibc/glibc-2.36.tar.xz '*/malloc/*' '*/support/*' '*/include/*' '*/test-skeleton.c' '*/sysdeps/generic/malloc-*.h'
    : >config.h
    mkdir -p support
    find "$source/support" "$source"/malloc/{scratch_buffer,dynarray,alloc_buffer}_*.c -name '*.c' ! -name 'tst-*' ! -name '*container.c' |
        (cd support && xargs -n 20 -P "$(nproc)" "$cc" "${flags[@]}" -c) >support.log 2>&1 || true
    rm -f libsupport.a support/{test-run-command,links-dso-program-c}.o
    ar rcs libsupport.a support/*.o
}
build() {
    local more=()
    [[ $1 != tst-malloc-thread-fail ]] || more=(-include "$here/glibc/posix_memalign.h")
    "$cc" "${flags[@]}" "${more[@]}" "$source/malloc/$1.c" -o program "$work/libsupport.a" -pthread -ldl -lm
}
run() { on_emma ./program; }
