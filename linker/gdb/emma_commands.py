# SPDX-License-Identifier: MIT OR Apache-2.0
"""The commands that emma.py tells of, over emma_memory.py."""
import gdb

from emma_memory import *

GUIDE = "emma pointer P | heaps | arenas | slabs BYTES | classes [N] | check"


def each_instance():
    """With a heading where there are several. What holds nothing is left out then."""
    all_of_them = [i for i in instances() if i.mapped or i.name == "the default instance"]
    for instance in all_of_them:
        if len(all_of_them) > 1:
            print("%s:" % instance.name)
        yield instance


# ---- commands ------------------------------------------------------------------------------------
class Emma(gdb.Command):
    """The heap of a program on Emma, live or in a core dump: what a pointer is, heaps, arenas, slabs, classes, check."""

    def __init__(self):
        super().__init__("emma", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def invoke(self, argument, from_tty):
        print(GUIDE)


class Subcommand(gdb.Command):
    name = completes = None

    def __init__(self):
        super().__init__("emma " + self.name, gdb.COMMAND_DATA, self.completes or gdb.COMPLETE_NONE)

    def invoke(self, argument, from_tty):
        try:
            self.run(argument.strip())
        except gdb.MemoryError as error:
            raise gdb.GdbError("emma: %s: damaged, or the program has another version of Emma" % error)


def value_of(expression):
    value = gdb.parse_and_eval(expression)
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
        value = value.address
    return int(value) & ALL


class Pointer(Subcommand):
    """emma pointer P: what P points at, or into: object, size, live or free, slab, heap and its holder."""

    name, completes = "pointer", gdb.COMPLETE_EXPRESSION

    def run(self, argument):
        if not argument:
            raise gdb.GdbError("emma pointer P")
        addr = value_of(argument)
        found = None
        for instance in instances():
            lines = self.look(instance, addr)
            if lines and (found is None or lines[0].startswith("live")):
                found = lines + ["of " + instance.name]
        if found is None:
            found = ["not Emma's"]
        print("0x%x: %s" % (addr, found[0]))
        for line in found[1:]:
            print("  " + line)

    def look(self, instance, addr):
        for start, size in instance.huge():
            if start <= addr < start + size:
                return [self.object("live", addr, start, size), "a huge object: a mapping by itself, no heap's"]
        for arena in instance.arenas():
            if arena.addr <= addr < arena.addr + arena.bytes:
                return self.look_in_arena(instance, arena, addr)
        for heap in instance.heaps().values():
            if heap.addr <= addr < heap.addr + HEAP_BYTES:
                return ["metadata: the heap 0x%x, held by %s" % (heap.addr, heap.holder_text())]
        for start, state, size in instance.entries():
            if start == addr and state not in (STATE_KNOWN, STATE_ARENA):
                return ["free: was a huge object or an arena" + (", whose pages are kept" if state == STATE_SPARE else "")]
        return None

    def object(self, state, addr, start, size):
        where = "the start of" if addr == start else "byte %d of" % (addr - start)
        return "%s, %s an object of %d bytes at 0x%x" % (state, where, size, start)

    def look_in_arena(self, instance, arena, addr):
        index = (addr - arena.addr) >> arena.slice_shift
        place = "arena 0x%x, slice %d" % (arena.addr, index)
        if index < arena.header_slices:
            return ["metadata: the header of an arena", place]
        if not arena.present >> index & 1:
            return ["a slice that is not mapped", place]
        head = arena.head_of(index)
        if head.is_slab:
            return self.look_in_slab(instance, head, addr) + [place]
        if head.use == USE_RUN:
            return [self.object("live", addr, head.start, head.bytes), "a run of %s, no heap's" % plural(head.slice_count, "slice"), place]
        past = {USE_RETIRED_SLAB: ": was of a slab", USE_RELEASED_RUN: ": was of an object of %d bytes at 0x%x" % (head.bytes, head.start)}
        return ["free, a slice without an object" + past.get(head.use, ""), place]

    def look_in_slab(self, instance, slab, addr):
        slot = (addr - slab.start) // slab.slot_bytes
        about = "%s at 0x%x, descriptor 0x%x" % (slab.describe(), slab.start, slab.addr)
        if slot >= slab.slot_count:
            return ["no object: behind the last slot of a slab", about]
        start = slab.start + slot * slab.slot_bytes
        heap = instance.heaps().get(slab.heap)
        held = "held by " + heap.holder_text() if heap else "which is not known"
        return [self.object(slab.slot_state(slot), addr, start, slab.slot_bytes), "slot %d of %s" % (slot, about), "heap 0x%x, %s" % (slab.heap, held)]


class Heaps(Subcommand):
    """emma heaps: the heaps of the threads, their holders and what they hold."""

    name = "heaps"

    def run(self, argument):
        for instance in each_instance():
            sums = {addr: [0, 0, 0, 0] for addr in instance.heaps()}
            for slab in instance.slabs():
                row = sums.setdefault(slab.heap, [0, 0, 0, 0])
                live = slab.live
                for i, more in enumerate((1, live, live * slab.slot_bytes, count(slab.remote))):
                    row[i] += more
            print("%18s %8s %10s %12s %12s  %s" % ("heap", "slabs", "objects", "bytes", "uncollected", "held by"))
            for addr, row in sums.items():
                heap = instance.heaps().get(addr)
                held = heap.holder_text() + ("" if heap.is_open else ", at work in it") if heap else "not known"
                print("%18s %8d %10d %12d %12d  %s" % ("0x%x" % addr, *row, held))


class Arenas(Subcommand):
    """emma arenas: the arenas, by slices of 64 KiB (smaller ones in small regions), and the huge objects."""

    name = "arenas"

    def run(self, argument):
        for instance in each_instance():
            print("%18s %7s %6s %6s %6s %6s %12s" % ("arena", "mapped", "slabs", "runs", "free", "dirty", "live bytes"))
            for arena in instance.arenas():
                slabs = [s for s in arena.heads() if s.is_slab]
                runs = [s for s in arena.heads() if not s.is_slab]
                live = sum(s.live * s.slot_bytes for s in slabs) + sum(s.bytes for s in runs)
                row = (arena.present, arena.free, arena.free & ~arena.clean)
                mapped, free, dirty = (count(bitmap) for bitmap in row)
                print("%18s %7d %6d %6d %6d %6d %12d" % ("0x%x" % arena.addr, mapped, len(slabs), len(runs), free, dirty, live))
            for addr, size in sorted(instance.huge()):
                print("%18s a huge object of %d bytes" % ("0x%x" % addr, size))
            print("%s, %s, %d bytes mapped" % (plural(len(instance.arenas()), "arena"), plural(len(instance.huge()), "huge object"), instance.mapped))


class Slabs(Subcommand):
    """emma slabs BYTES: the slabs of the size class that serves objects of BYTES."""

    name, completes = "slabs", gdb.COMPLETE_EXPRESSION
    states = {SLAB_CURRENT: "current", SLAB_FULL: "full", SLAB_LISTED: "listed"}

    def run(self, argument):
        if not argument:
            raise gdb.GdbError("emma slabs BYTES")
        wanted = value_of(argument)
        for instance in each_instance():
            arenas = instance.arenas()
            sizes = [size for size in (arenas[0].slot_bytes(c) for c in range(CLASSES)) if size >= wanted] if arenas else []
            if not arenas or not sizes:
                print("no slabs serve %d bytes" % wanted)
                continue
            size = min(sizes)
            found = [slab for slab in instance.slabs() if slab.slot_bytes == size]
            print("%18s %9s %8s %8s %12s  %s" % ("slab", "state", "slots", "live", "uncollected", "heap"))
            for slab in found:
                row = ("0x%x" % slab.start, self.states.get(slab.state, "?"), slab.slot_count, slab.live, count(slab.remote))
                print("%18s %9s %8d %8d %12d  0x%x" % (*row, slab.heap))
            print("%s of %d bytes" % (plural(len(found), "slab"), size))


class Classes(Subcommand):
    """emma classes [N]: the (N) size classes with the most live bytes; what is larger than any in a row of its own."""

    name, completes = "classes", gdb.COMPLETE_EXPRESSION

    def run(self, argument):
        most = value_of(argument) if argument else CLASSES + 1
        for instance in each_instance():
            rows = {}
            for slab in instance.slabs():
                row = rows.setdefault(slab.slot_bytes, [0, 0, 0])
                live = slab.live
                for i, more in enumerate((1, live, live * slab.slot_bytes)):
                    row[i] += more
            larger = [run.bytes for run in instance.runs()] + [size for _, size in instance.huge()]
            if larger:
                rows["larger"] = [0, len(larger), sum(larger)]
            print("%10s %8s %10s %12s" % ("size", "slabs", "objects", "live bytes"))
            for size, row in sorted(rows.items(), key=lambda item: -item[1][2])[:most]:
                print("%10s %8s %10d %12d" % (size, row[0] or "", row[1], row[2]))
            print("%s, %d bytes" % (plural(sum(row[1] for row in rows.values()), "live object"), sum(row[2] for row in rows.values())))


class Check(Subcommand):
    """emma check: what contradicts itself in the allocator's records. As emma_check, from outside. Slabs of heaps in
    which a thread is at work at this moment are left out, as they may be between two steps."""

    name = "check"

    def run(self, argument):
        self.broken = left_out = 0
        for instance in instances():
            known = {addr for addr, state, _ in instance.entries() if state == STATE_ARENA}
            for arena in instance.arenas():
                self.check_arena(arena, known)
            for heap in instance.heaps().values():
                self.expect(heap.arenas in (0, instance.pool), "the heap is of another instance", heap.addr)
                self.expect(field(heap.data, 0, 8) == 0, "the word without free slots has some", heap.addr)
                if heap.is_open:
                    self.check_bins(instance, heap)
                elif heap.holder:
                    left_out += 1
            for slab in instance.slabs():
                self.check_slab(instance, slab)
        print("%s broken%s" % (plural(self.broken, "invariant"), ", %s at work left out" % plural(left_out, "heap") if left_out else ""))

    def expect(self, holds, what, where):
        if not holds:
            self.broken += 1
            print("broken at 0x%x: %s" % (where, what))
        return holds

    def check_arena(self, arena, known):
        header = (1 << arena.header_slices) - 1
        if arena.mark == MARK_CLOSED:
            return
        self.expect(arena.addr in known, "the arena is not in the table", arena.addr)
        self.expect(arena.free & ~arena.present == 0, "a free slice is not mapped", arena.addr)
        self.expect(arena.clean & ~arena.present == 0, "a clean slice is not mapped", arena.addr)
        self.expect(arena.present & header == 0, "the header counts as a slice", arena.addr)
        self.expect(arena.mark > SLICES or arena.present.bit_length() <= arena.mark, "the mark lies before a mapped slice", arena.addr)

    def check_slab(self, instance, slab):
        arena = slab.arena
        if not self.expect(slab.size_class < CLASSES, "size class of a slab", slab.addr):
            return
        whole = ((1 << slab.slice_count) - 1) << slab.index
        self.expect(1 <= slab.slice_count <= SLICES - slab.index, "a slab leaves its arena", slab.addr)
        self.expect(arena.free & whole == 0, "a slice of a slab is free", slab.addr)
        self.expect(slab.free_words == arena.free_words(slab.index), "bitmap of a slab", slab.addr)
        for further in range(1, min(slab.slice_count, SLICES - slab.index)):
            line = arena.line(slab.index + further)
            self.expect(line.use == USE_CONTINUATION and line.slice_count == further, "a continuation does not lead to its head", line.addr)
        heap = instance.heaps().get(slab.heap)
        if not self.expect(heap is not None, "a slab of a heap that is not known", slab.addr) or not heap.is_open:
            return
        self.expect(0 < slab.slot_count * slab.slot_bytes <= slab.bytes, "slot count of a slab", slab.addr)
        self.expect((slab.free | slab.remote) >> slab.slot_count == 0, "a slot behind the last one is free", slab.addr)
        self.expect(slab.free & slab.remote == 0, "a slot is free twice", slab.addr)
        if slab.state != SLAB_CURRENT:
            due = slab.countdown + slab.held_back
            live = slab.slot_count - count(slab.free)
            self.expect(due == live + slab.uncounted, "due != live + uncounted", slab.addr)
            self.expect(due != 0, "an empty slab is not retired", slab.addr)

    def check_bins(self, instance, heap):
        by_addr = {slab.addr: slab for slab in instance.slabs() if slab.heap == heap.addr}
        for size_class in range(CLASSES):
            current, first, last = heap.bin(size_class)
            slab = by_addr.get(current)
            self.expect(current == 0 or slab is not None and slab.size_class == size_class, "current slab of a bin", heap.addr)
            previous, steps = 0, 0
            while first and steps <= len(by_addr):
                slab = by_addr.get(first)
                holds = slab is not None and slab.prev == previous and slab.state == SLAB_LISTED and slab.size_class == size_class
                if not self.expect(holds, "a bin's queue of slabs", first):
                    break
                previous, first, steps = first, slab.next, steps + 1
            else:
                self.expect(last == previous, "the end of a bin's queue", heap.addr)


Emma()
for command in (Pointer, Heaps, Arenas, Slabs, Classes, Check):
    command()
