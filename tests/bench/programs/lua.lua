-- SPDX-License-Identifier: MIT OR Apache-2.0
-- A real program for tests/bench/run: tables, strings and closures in Lua. The % below is this file.
-- BENCH: lua lua5.4 %
local seed = 42
local function random(n)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed // 65536 % n
end

local words, count = {}, {}
for i = 1, 150000 do
  local letters = {}
  for j = 1, 1 + random(8) do letters[j] = string.char(97 + random(26)) end
  words[i] = table.concat(letters)
  count[words[i]] = (count[words[i]] or 0) + 1
end
local names = {}
for word in pairs(count) do names[#names + 1] = word end
table.sort(names)
print(#names, names[1], names[#names])

local function insert(node, key)
  if not node then return { key = key, visit = function(f) f(key) end } end
  local side = key < node.key and "left" or "right"
  node[side] = insert(node[side], key)
  return node
end
local tree, sum = nil, 0
for i = 1, 60000 do tree = insert(tree, random(32768) * 32768 + random(32768)) end
local function walk(node)
  if node then walk(node.left) node.visit(function(k) sum = sum + k end) walk(node.right) end
end
walk(tree)
print(sum)

local text = {}
for i = 1, 60000 do text[#text + 1] = string.format("%s=%d;", words[i], i) end
local joined, total = table.concat(text), 0
for name, value in joined:gmatch("(%a+)=(%d+);") do total = total + #name + tonumber(value) end
print(#joined, total)
