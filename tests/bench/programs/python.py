# SPDX-License-Identifier: MIT OR Apache-2.0
# A real program for tests/bench/run: dictionaries, classes, text, JSON and big numbers in Python. Its
# small objects come from malloc too (PYTHONMALLOC), as Python's own allocator would hide Emma's.
# BENCH: python /usr/bin/env PYTHONMALLOC=malloc PYTHONHASHSEED=0 /usr/bin/python3 -S %
import json
import random
import re

random.seed(7)
words = ["".join(random.choices("abcdefgh", k=random.randint(1, 12))) for _ in range(40000)]
index = {}
for place, word in enumerate(words):
    index.setdefault(word, []).append(place)
text = json.dumps(index, sort_keys=True)
print(len(text), len(json.loads(text)))
print(len(re.findall(r"\ba[b-d]+h?\b", " ".join(words))))


class Node:
    def __init__(self, depth):
        self.children = [Node(depth - 1) for _ in range(2)] if depth else []
        self.name = f"node at {depth}"

    def total(self):
        return len(self.name) + sum(child.total() for child in self.children)


for _ in range(3):
    print(Node(14).total())
print(sum(len(str(n ** 40)) for n in range(20000)))
