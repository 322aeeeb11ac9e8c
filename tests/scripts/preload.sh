#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/preload.sh SET: programs of the system give the same output under libemma_preload.so as
# without it: python3, sqlite3, lua5.4, redis-server with its benchmark (on a socket of its own), and a
# parallel compilation. The inputs are made here; every run has a time limit.
# TEST-LIMIT: 300
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}" preload
library=$(realpath "$1/libemma_preload.so") || exit 1
work=$(mktemp -d)
server=
# shellcheck disable=SC2317  # called by the trap
clean_up() {
    [[ -n $server ]] && kill -9 "$server" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
cd "$work" || exit 1
failed=0

# compare NAME COMMAND...: the same standard output and exit status with and without Emma, and nothing
# of hers among the messages.
compare() {
    local name=$1 status_alone status started=$SECONDS
    shift
    timeout -k 2 60 "$@" >alone.out 2>alone.err </dev/null
    status_alone=$?
    timeout -k 2 90 env LD_PRELOAD="$library" "$@" >emma.out 2>emma.err </dev/null
    status=$?
    if ((status != status_alone)) || ! cmp -s alone.out emma.out || grep -a '^emma: ' emma.err; then
        echo "$name: differs: exit status $status_alone alone, $status under Emma"
        diff alone.out emma.out | head -n 5
        tail -n 5 emma.err
        failed=1
    elif [[ ! -s alone.out ]]; then
        echo "$name: no output" && tail -n 5 alone.err && failed=1
    else
        echo "$name: the same $(wc -l <alone.out) lines, exit status $status, $((SECONDS - started)) s"
    fi
}

# ---- is it really Emma who allocates? An invalid free must be named by her.
cat >misuse.py <<'END'
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free(ctypes.c_void_p(libc.malloc(200) + 8))
END
timeout 20 env LD_PRELOAD="$library" /usr/bin/python3 misuse.py >misuse.out 2>&1
grep -aq '^emma: invalid pointer 0x' misuse.out || { echo "python3 does not run on Emma" && failed=1; }

# ---- python3: objects of all sizes, threads, a subprocess, compression, JSON, an SQL database
cat >work.py <<'END'
import hashlib, json, random, re, sqlite3, subprocess, sys, threading, zlib
random.seed(7)
words = ["".join(random.choices("abcdefgh", k=random.randint(1, 12))) for _ in range(60000)]
index = {}
for i, word in enumerate(words): index.setdefault(word, []).append(i)
text = json.dumps(index, sort_keys=True)
print(len(text), hashlib.sha256(zlib.compress(text.encode())).hexdigest())
print(len(re.findall(r"\ba[b-d]+h?\b", " ".join(words))))
results = {}
def count(part): results[part] = sum(len(str(n ** 3)) for n in range(part * 20000, (part + 1) * 20000))
for turn in range(5):
    threads = [threading.Thread(target=count, args=(n,)) for n in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print(sorted(results.items()))
database = sqlite3.connect(":memory:")
database.execute("create table t(a, b)")
database.executemany("insert into t values (?, ?)", ((w, len(w)) for w in words))
print(database.execute("select a, sum(b) s from t group by a order by s desc, a limit 5").fetchall())
print(subprocess.run([sys.executable, "-c", "print(sum(map(len, map(str, range(10**5)))))"],
                     capture_output=True, text=True).stdout)
END
compare python3 /usr/bin/python3 work.py

# ---- sqlite3
cat >work.sql <<'END'
create table t(id integer primary key, k integer, v text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
insert into t select i, (i * 7919) % 1009, printf('%08d-%s', i, hex(i * i)) from n;
create index t_k on t(k);
select count(*), sum(length(v)), min(v), max(v) from t;
select k, count(*), group_concat(substr(v, 1, 8)) from t group by k order by k limit 20;
delete from t where k % 3 = 0;
update t set v = v || v where k % 5 = 1;
select k, sum(length(v)) from t group by k order by 2 desc, 1 limit 20;
select a.id, b.id from t a join t b on a.k = b.k and a.id < b.id order by 1, 2 limit 20;
vacuum;
pragma integrity_check;
END
compare sqlite3 sqlite3 -batch :memory: '.read work.sql'

# ---- lua5.4
cat >work.lua <<'END'
local seed, words = 42, {}
local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648; return seed // 65536 % n end
for i = 1, 200000 do
  local word = {}
  for j = 1, 1 + random(6) do word[j] = string.char(97 + random(26)) end
  words[i] = table.concat(word)
end
local count = {}
for _, word in ipairs(words) do count[word] = (count[word] or 0) + 1 end
local names = {}
for word in pairs(count) do names[#names + 1] = word end
table.sort(names, function(a, b) return count[a] > count[b] or count[a] == count[b] and a < b end)
for i = 1, 40 do print(names[i], count[names[i]]) end
local tree = nil
local function insert(node, key)
  if not node then return { key = key } end
  local side = key < node.key and "left" or "right"
  node[side] = insert(node[side], key)
  return node
end
for i = 1, 100000 do tree = insert(tree, random(32768) * 32768 + random(32768)) end
local function depth(node) return node and 1 + math.max(depth(node.left), depth(node.right)) or 0 end
print(depth(tree), #string.rep("x", 5000000), #table.concat(words, " "))
END
compare lua5.4 lua5.4 work.lua

# ---- a parallel compilation: the objects must be the same bytes
mkdir source
for unit in 1 2 3 4; do
    cat >source/unit$unit.cpp <<END
#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>
template <int N> struct Chain { static std::map<std::string, std::vector<int>> make() {
    auto all = Chain<N - 1>::make();
    all[std::to_string(N)].push_back(N * $unit);
    return all; } };
template <> struct Chain<0> { static std::map<std::string, std::vector<int>> make() { return {}; } };
int unit$unit() {
    std::unordered_map<std::string, int> seen;
    for (auto& [name, numbers] : Chain<60>::make()) {
        std::sort(numbers.begin(), numbers.end());
        seen[name] += numbers.front();
    }
    return static_cast<int>(seen.size());
}
END
done
cat >source/main.cpp <<'END'
#include <cstdio>
int unit1(), unit2(), unit3(), unit4();
int main() { std::printf("%d\n", unit1() + unit2() + unit3() + unit4()); }
END
cat >source/Makefile <<'END'
objects = main.o unit1.o unit2.o unit3.o unit4.o
all: program
	@./program && sha256sum $(objects)
program: $(objects)
	@g++ $^ -o $@
%.o: %.cpp
	@g++ -O1 -g -c $< -o $@
END
compare g++ sh -c 'unset MAKEFLAGS MAKELEVEL MFLAGS; cd source && rm -f ./*.o program && make -s -j2'

# ---- redis-server: its answers to a fixed list of commands, and its benchmark to the end
redis() {  # file for the answers, what to run the server by
    local out=$1 i
    shift
    rm -f dump.rdb
    timeout -k 2 60 "$@" redis-server --port 0 --unixsocket "$work/socket" --save '' --appendonly no \
        --dir "$work" --activedefrag no --loglevel warning </dev/null >redis.log 2>&1 &
    server=$!
    for i in {1..100}; do
        redis-cli -s socket ping >/dev/null 2>&1 && break
        sleep 0.1
    done
    {
        redis-cli -s socket <redis.commands
        redis-cli -s socket debug digest
    } >"$out" 2>&1
    timeout 50 redis-benchmark -s socket -q -n 10000 -c 20 -P 16 -r 10000 -d 300 \
        -t set,get,incr,lpush,rpush,lpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset 2>&1 |
        tr '\r' '\n' | grep -aoE '^[^:]+: [0-9.]+ requests per second' | sed 's/: .*//' >>"$out"
    redis-cli -s socket bgsave >/dev/null 2>&1  # a fork of a process with several threads
    for i in {1..100}; do
        [[ $(redis-cli -s socket info persistence) == *rdb_bgsave_in_progress:0* ]] && break
        sleep 0.1
    done
    {
        redis-cli -s socket info persistence | tr -d '\r' | grep -a rdb_last_bgsave_status
        redis-cli -s socket flushall async
        redis-cli -s socket shutdown nosave
        wait "$server"
        echo "exit status $?"
    } >>"$out" 2>&1
    server=
}
printf -v value '%700s' ''
value=${value// /v}
for i in {1..1000}; do
    echo "set key:$i ${value:0:i % 700}x"
    echo "rpush list:$((i % 50)) element$i"
    echo "hset hash:$((i % 20)) field$i $i"
    echo "zadd sorted:$((i % 10)) $i member$i"
    ((i % 3)) || echo "append key:$((i / 2)) $i"
    ((i % 7)) || echo "del key:$((i / 3))"
done >redis.commands
started=$SECONDS
redis redis.alone env
redis redis.emma env LD_PRELOAD="$library"
if [[ $(wc -l <redis.alone) -gt 4000 ]] && cmp -s redis.alone redis.emma && ! grep -a '^emma: ' redis.log; then
    echo "redis-server: the same $(wc -l <redis.alone) lines, $((SECONDS - started)) s"
else
    echo "redis-server: differs (< alone, > under Emma)"
    diff redis.alone redis.emma | head -n 10
    tail -n 3 redis.alone redis.log
    failed=1
fi
exit $failed
