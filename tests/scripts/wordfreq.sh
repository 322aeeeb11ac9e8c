#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/wordfreq.sh SET: the example wordfreq: counts that agree with the system's tools, and a
# clear line and an exit status for input that cannot be used and for a wrong command line.
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" programs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# refused STATUS TEXT COMMAND...: fails with the status, and says the text in one line.
refused() {
    local status=$1 text=$2
    shift 2
    local said
    said=$("$@" 2>&1 >/dev/null </dev/null)
    [[ $? -eq $status && $said == *"$text"* ]] && return
    echo "$*: expected status $status and '$text'; said: $said"
    failed=1
}

# Text with everything that can go wrong at a boundary: words across chunks, one longer than a chunk,
# letters at both ends of the file, bytes that are no ASCII.
awk 'BEGIN { srand(7); for (i = 0; i < 200000; i++) printf "%s%c", substr("abcdefghijABCDEFGHIJ",
    1 + int(rand() * 20), 1 + int(rand() * 9)), substr(" \n,.-0", 1 + int(rand() * 6), 1) }' >"$work/text"
head -c 300000 /dev/zero | tr '\0' 'x' >"$work/long"
printf 'caf\xc3\xa9 na\xefve end' >"$work/bytes"
: >"$work/empty"
printf 'ELF\0\0\0 words' >"$work/binary"
printf '12 34 ... !' >"$work/wordless"
mkdir "$work/folder"

for kind in static static-pie; do
    wordfreq=$1/tests/$kind/examples/wordfreq
    for files in "text" "long" "bytes" "text long bytes text"; do
        read -ra names <<<"$files"
        # Beside each other, not one after the other: a word ends with its file.
        for name in "${names[@]}"; do cat "$work/$name" && echo; done |
            LC_ALL=C tr -cs A-Za-z '\n' | LC_ALL=C tr '[:upper:]' '[:lower:]' |
            LC_ALL=C sort | LC_ALL=C uniq -c | awk 'NF == 2 { print $1, $2 }' >"$work/expected"
        "$wordfreq" --all "${names[@]/#/$work/}" >"$work/counted" || failed=1
        cmp "$work/counted" "$work/expected" || failed=1
    done
    "$wordfreq" -n 3 "$work/text" >"$work/top" || failed=1
    # Its threads wait for each other: one that nobody wakes is rare.
    for _ in {1..100}; do
        timeout 20 "$wordfreq" -n 3 "$work/text" >/dev/null || { echo "-n 3 once more: status $?" && failed=1 && break; }
    done
    [[ $(grep -c '#' "$work/top") -eq 3 ]] || { echo "-n 3 shows:" && cat "$work/top" && failed=1; }
    grep -q '^Emma: ' "$work/top" || { echo "no line on memory" && failed=1; }
    refused 2 "usage: wordfreq" "$wordfreq"
    refused 2 "usage: wordfreq" "$wordfreq" --such "$work/text"
    refused 2 "usage: wordfreq" "$wordfreq" -n "$work/text"
    refused 2 "usage: wordfreq" "$wordfreq" -n x "$work/text"
    refused 1 "none: no such file" "$wordfreq" "$work/text" "$work/none"
    refused 1 "folder: is a directory" "$wordfreq" "$work/folder"
    refused 1 "empty: is empty" "$wordfreq" "$work/empty"
    refused 1 "binary: is a binary file" "$wordfreq" "$work/binary"
    refused 1 "no regular file" "$wordfreq" /dev/null
    refused 1 "holds no words" "$wordfreq" "$work/wordless"
    if [[ $(id -u) -eq 0 ]]; then
        chmod 700 "$work"
        refused 1 "permission denied" setpriv --reuid 65534 --clear-groups \
            /proc/self/fd/9 "$work/text" 9<"$wordfreq"
    else
        chmod 000 "$work/long"
        refused 1 "permission denied" "$wordfreq" "$work/long"
        chmod 600 "$work/long"
    fi
done
exit $failed
