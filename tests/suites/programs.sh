#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Programs of the system on inputs that are made here: each prints under the preload library what it prints
# without, and where it can, checks its own work.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # set by the driver; read by it; programs in quotes

limit() { echo 180; }
programs() {
    printf '%s\n' awk bzip2 diff find gawk git grep gzip join perl perl-threads sed sort sort-unique sqlite tar xz \
        c-compiler c++-compiler linker zstd
}
quick() { printf '%s\n' gawk git grep perl-threads sed sort; }

prepare() {
    # Lines of a number, a word and a checksum, in no order.
    awk 'BEGIN { for (i = 1; i <= 300000; i++) { x = (x * 69069 + 12345) % 4294967296
        printf "%d word%d %s-%d\n", x % 100000, x % 7919, x % 3 ? "even" : "odd", x } }' >lines
    head -n 60000 lines >fewer
}

run() {
    local lines=$work/lines fewer=$work/fewer
    case $1 in
    awk) same_output mawk '{ n[$2] += $1; s[$2] = s[$2] substr($3, 1, 2) } END { for (w in n) print w, n[w], length(s[w]) }' "$lines" ;;
    gawk) same_output gawk '{ n[$2][$3] = $1; t = t substr($2, 5, 1); if (NR % 5000 == 0) t = gensub(/(.)(.)/, "\\2\\1", "g", t) }
        END { PROCINFO["sorted_in"] = "@ind_str_asc"; for (w in n) { c = 0; for (k in n[w]) c += n[w][k]; print w, c }; print t }' "$lines" ;;
    sed) same_output sed -E 's/([0-9]+) (word)([0-9]*)/\3\2 \1/; /odd/{H; x; s/\n//; s/^(.{200}).*/\1/; x}; $G' "$lines" ;;
    grep) same_output sh -c 'grep -oE "w[a-z]+(1|2)[0-9]*" "$1" | tail -n 2000; grep -cP "(?<=word)(\d)\d*\1 " "$1"
        head -n 3000 "$1" | cut -d " " -f 2 | sort -u >patterns; grep -cwFf patterns "$1"' - "$lines" ;;
    sort) same_output sort -S 4M --parallel=4 -k2,2 -k1,1n "$lines" ;;
    sort-unique) same_output sort -S 2M -T . -u -k2,2V "$lines" ;;
    join) same_output sh -c 'sort -k2,2 "$1" >a; sort -k2,2 "$2" | head -n 3000 >b; join -1 2 -2 2 a b | cksum' - "$lines" "$fewer" ;;
    diff) same_output sh -c 'sort "$1" >a; sort -n "$1" | sed "s/odd/even/" >b; diff -u a b | tail -n +3' - "$fewer" ;;
    find) same_output find /usr/include /usr/lib/python3.11 -newermt 1971-01-01 ! -path '*/__pycache__*' -printf '%s %p\n' ;;
    gzip) round_trip "gzip -c" "gzip -dc" ;;
    bzip2) round_trip "bzip2 -c" "bzip2 -dc" ;;
    xz) round_trip "xz -c -T 4 --block-size=1MiB -3" "xz -dc -T 4" ;;
    zstd) round_trip "zstd -q -c -T4 -9" "zstd -q -dc" ;;
    tar) same_output sh -c 'tar -C /usr/include -cf - . | tar -tvf - && mkdir copy && tar -C /usr/include -cf - . | tar -xf - -C copy &&
        find copy -type f | sort | xargs cat | cksum && rm -rf copy' ;;
    perl) same_output perl -e "$(perl_program)" "$lines" ;;
    perl-threads) same_output perl -e "$(perl_threads_program)" "$fewer" ;;
    sqlite) sqlite_program >sql && same_output sqlite3 -batch :memory: '.read sql' && same_output sqlite3 -batch database '.read sql' '.shell rm database' ;;
    git) git_program >script && same_output sh script ;;
    c-compiler) c_program >big.c && same_output sh -c '"$1" -O2 -g -w -c big.c -o big.o && cksum <big.o' - "$cc" ;;
    c++-compiler) printf '#include <%s>\n' regex map memory_resource functional >big.cpp &&
        echo 'bool f(const std::string& s) { static const std::regex r("(a|b)*c[0-9]+"); return std::regex_search(s, r); }' >>big.cpp &&
        same_output sh -c '"$1" -std=c++20 -O2 -g -c big.cpp -o big.o && cksum <big.o' - "$cxx" ;;
    linker) printf '#include <iostream>\nint main() { std::cout << "linked" << std::endl; }\n' >main.cpp &&
        same_output sh -c '"$1" -static -g main.cpp -o main && cksum <main && ./main' - "$cxx" ;;
    esac
}

# round_trip PACK UNPACK: what comes back is what went in.
round_trip() {
    # shellcheck disable=SC2086  # commands
    on_emma $1 <"$work/lines" >packed && on_emma $2 <packed | cmp - "$work/lines"
}

perl_program() {
    cat <<'END'
my (%words, @stack);
while (<>) {
    my ($number, $word, $rest) = split;
    push @{$words{$word}{$rest =~ /^(\w)/ ? $1 : ""}}, $number;
    $stack[$. % 1000] = [$stack[($. + 500) % 1000] && $. % 50 ? $stack[($. + 500) % 1000]->[1] : undef, "$word:$rest" x ($. % 5)];
}
for my $word (sort keys %words) {
    print join(" ", $word, map { my $kind = $_; "$kind=" . join("+", (sort { $a <=> $b } @{$words{$word}{$kind}})[0 .. 2]) } sort keys %{$words{$word}}), "\n";
}
my $text = join("", map { $_->[1] // "" } @stack);
$text =~ s/(\d+)/length($1) % 2 ? "<$1>" : uc sprintf("%x", $1)/ge;
print unpack("%32C*", $text), " ", length($text), "\n";
my $deep = []; $deep = [$deep] for 1 .. 200000; undef $deep;
sub ack { my ($m, $n) = @_; no warnings; $m == 0 ? $n + 1 : $n == 0 ? ack($m - 1, 1) : ack($m - 1, ack($m, $n - 1)) }
print ack(2, 200), "\n";
END
}

perl_threads_program() {
    cat <<'END'
use threads; use threads::shared; use Thread::Queue;
my @lines = <>;
my $queue = Thread::Queue->new;
my %sums : shared;
my @workers = map { threads->create(sub {
    my %own;
    while (defined(my $part = $queue->dequeue)) { for (@$part) { my ($n, $w) = split; $own{$w} += $n } }
    lock %sums; $sums{$_} += $own{$_} for keys %own;
}) } 1 .. 4;
while (my @part = splice @lines, 0, 2000) { $queue->enqueue(\@part) }
$queue->end; $_->join for @workers;
print "$_ $sums{$_}\n" for sort keys %sums;
for my $round (1 .. 30) { $_->join for map { threads->create(sub { join ",", map { $_ x 10 } 1 .. 1000 }) } 1 .. 3 }
END
}

sqlite_program() {
    cat <<'END'
PRAGMA cache_size = -2000;
CREATE TABLE t(id INTEGER PRIMARY KEY, word TEXT, number INTEGER, body TEXT);
WITH RECURSIVE n(i, x) AS (VALUES(1, 7) UNION ALL SELECT i + 1, (x * 69069 + 12345) % 4294967296 FROM n WHERE i < 60000)
  INSERT INTO t SELECT i, 'word' || (x % 7919), x % 100000, hex(x) || ' ' || substr('lorem ipsum dolor sit amet', x % 20 + 1) FROM n;
CREATE INDEX by_word ON t(word, number);
CREATE VIRTUAL TABLE texts USING fts5(body);
INSERT INTO texts SELECT body FROM t WHERE id % 3 = 0;
SELECT count(*), sum(number) FROM t WHERE word IN (SELECT word FROM t GROUP BY word HAVING count(*) > 8);
SELECT word, number, rank() OVER (PARTITION BY word ORDER BY number, id) FROM t ORDER BY word, number, id LIMIT 3000 OFFSET 20000;
SELECT count(*) FROM texts WHERE texts MATCH 'ipsum NOT lorem';
SELECT word, json_group_array(number) FROM (SELECT * FROM t ORDER BY word, number, id) GROUP BY word ORDER BY word LIMIT 500;
BEGIN; UPDATE t SET body = body || body || body WHERE id % 2; DELETE FROM t WHERE id % 7 = 0; ROLLBACK;
UPDATE t SET body = zeroblob(id % 5000) WHERE id % 11 = 0;
SELECT a.word, count(*) FROM t a JOIN t b ON a.word = b.word AND a.id < b.id GROUP BY a.word ORDER BY 2 DESC, 1 LIMIT 50;
SELECT sum(length(body)), group_concat(DISTINCT substr(word, -1)) FROM t;
VACUUM; PRAGMA integrity_check;
END
}

git_program() {
    cat <<'END'
set -e
rm -rf repository && git init -q -b main repository && cd repository
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git config pack.threads 4; git config gc.auto 0
for i in $(seq 1 60); do
    mkdir -p "folder$((i % 7))"
    head -n $((i * 40)) "$work/fewer" | tail -n 300 >"folder$((i % 7))/file$((i % 13))"
    export GIT_AUTHOR_DATE="$((1000000000 + i)) +0000" GIT_COMMITTER_DATE="$((1000000000 + i)) +0000"
    git add -A && git commit -q -m "commit $i"
done
git branch old HEAD~20 && git checkout -q -b side old && head -n 50 "$work/fewer" >apart && git add apart && git commit -q -m side
git merge -q -m merged main
git gc -q --aggressive --prune=now && git repack -adfq --depth=20 --window=30
git fsck --full --strict && git log --format='%H %T' --stat && git blame folder1/file1 && git verify-pack -v .git/objects/pack/*.idx | grep -c chain
cd .. && git clone -q --no-local repository copy && git -C copy rev-parse HEAD && git -C copy fsck --full && rm -rf copy
END
}

c_program() {
    echo 'int g(int);'
    awk 'BEGIN { for (i = 0; i < 400; i++) printf "struct s%d { int a[%d]; double d; }; int f%d(struct s%d* p, int n) { int r = n;" \
        " for (int i = 0; i < %d; i++) { r += p->a[i] * %d; if (r & %d) p->d += r; else r ^= g(r >> %d); } switch (r %% 7) { case 0: return %d;" \
        " case 3: return r << 2; default: return r; } }\n", i, i + 1, i, i, i + 1, i * 7 + 1, i + 1, i % 5 + 1, i }'
}
