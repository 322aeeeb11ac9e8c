# SPDX-License-Identifier: MIT OR Apache-2.0
"""`source` this file in gdb, or let it be loaded (linker/README.md): commands for programs on Emma, on live processes and on core dumps:

  emma pointer P     what P points at: object, size, live or free, slab, heap and its holder
  emma heaps         the heaps of the threads, their holders and what they hold
  emma arenas        the arenas of 4 MiB and the huge objects
  emma slabs BYTES   the slabs of the size class that serves BYTES
  emma classes [N]   the (N) size classes with the most live bytes
  emma check         what contradicts itself in the allocator's records

They read memory and call nothing, so a program may be stopped anywhere. They need the program's symbol
table, but neither debug information nor any function of Emma's in the program.

  set emma-prefix foo_     for the copy of Emma that was built with SYMBOL_PREFIX=foo_

They suit the version of Emma that they were installed with.
"""
import os
import sys

# Beside this file, and out of the way of what else is written in this interpreter.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
_writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
import emma_commands

sys.dont_write_bytecode = _writes
sys.path.pop(0)
