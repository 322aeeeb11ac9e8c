#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# stress-ng, those of its stressors that allocate, with their own verification, under the preload library: two
# workers each. A stressor that finds a wrong result makes stress-ng exit with 2.
# shellcheck shell=bash disable=SC2154,SC2034  # set by the driver; read by it

# NAME STRESSOR OPTIONS...: of a stressor there may be several.
stressors='
malloc malloc
malloc-threads malloc --malloc-pthreads 8
malloc-large malloc --malloc-bytes 16M --malloc-max 200
malloc-small malloc --malloc-bytes 1K --malloc-max 100000
malloc-zerofree malloc --malloc-zerofree --malloc-touch --malloc-pthreads 4
bigheap bigheap --bigheap-growth 64K --bigheap-ops 4000
bsearch bsearch
clone clone
crypt crypt
daemon daemon
eventfd eventfd
exec exec
fork fork
forkheavy forkheavy --forkheavy-procs 200
tree-large tree --tree-size 100000
hash hash
heapsort heapsort
hsearch hsearch
jpeg jpeg
judy judy
list list
lsearch lsearch
mergesort mergesort
mutex mutex
mq mq
poll poll
pthread pthread
pthread-many pthread --pthread-max 256
qsort qsort
radixsort radixsort
randlist randlist
shellsort shellsort
sigq sigq
sigfpe sigfpe
skiplist skiplist
sparsematrix sparsematrix
str str
tree tree
tsearch tsearch
vfork vfork
vm vm --vm-bytes 64M
wcs wcs
zlib zlib
zombie zombie
'

programs() { awk 'NF { print $1 }' <<<"$stressors"; }
quick() { printf '%s\n' malloc malloc-threads tree zlib pthread; }
run() {
    local line
    line=$(grep "^$1 " <<<"$stressors")
    read -ra line <<<"${line#* }"
    on_emma stress-ng "--${line[0]}" 2 "${line[@]:1}" --verify --timeout 4 --temp-path . --oom-avoid
}
