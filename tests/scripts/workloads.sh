#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/workloads.sh SET: every workload of make bench, at a hundredth of its length, computes the
# same on the libc's allocator, on Emma preloaded, and linked to Emma without a libc. And the loops of
# tests/bench/turns.c run.
# TEST-ONCE: one compiler will do
# TEST-LIMIT: 240
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
set=$(realpath "$1") || exit 1
cd "$(dirname "$0")/../../tests/bench/workloads" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-std=gnu11 -O2 -Wall -Wextra -Werror -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free)
passed=0 failed=0
for source in *.c; do
    name=${source%.c}
    gcc "${flags[@]}" "$source" -pthread -o "$work/$name-hosted" &&
        CC=gcc "$set/bin/emma-cc" "${flags[@]}" -DBENCH_NO_LIBC "$source" -o "$work/$name-static" || exit 1
    while read -r row arguments; do
        # shellcheck disable=SC2086  # several arguments
        {
            timeout 30 "$work/$name-hosted" 1 $arguments >"$work/glibc" 2>&1
            timeout 30 env LD_PRELOAD="$set/libemma_preload.so" "$work/$name-hosted" 1 $arguments >"$work/preload" 2>&1
            timeout 30 "$work/$name-static" 1 $arguments >"$work/static" 2>&1
        }
        if [[ $(grep -c '^checksum [0-9]' "$work/glibc") == 1 ]] &&
            cmp -s <(grep ^checksum "$work/glibc") <(grep -v % "$work/preload") &&
            cmp -s <(grep ^checksum "$work/glibc") <(grep -v % "$work/static"); then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "$row: not the same:"
            tail -n 3 "$work/glibc" "$work/preload" "$work/static"
        fi
    done < <(sed -n 's|^// BENCH: *||p' "$source")
done
gcc "${flags[@]}" ../turns.c -pthread -ldl -o "$work/turns" || exit 1
for loop in replace batch pipe; do
    if ! timeout 30 "$work/turns" $loop 100 1 "emma=$set/libemma_preload.so" | grep -q '^emma .* ns  1\.000$'; then
        failed=$((failed + 1))
        echo "turns $loop fails"
    fi
done
echo "$passed workloads the same, $failed not"
((failed == 0 && passed >= 20))
