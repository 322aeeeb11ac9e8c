# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a mutant is tried on, cheapest first. Each stage yields what caught it, or nothing."""
import glob
import json
import os
import re
import subprocess
import threading

from running import run, seconds_of
from sets import DoesNotCompile

HERE = os.path.dirname(os.path.abspath(__file__))
# Cases of the unit tests by the time that they take with the unchanged core/.
SLOW, LATE = 0.1, 1.0
UNIT_SECONDS, LATE_SECONDS = 8, 40
# Schedules of a scenario: of any mutant, and of a weaker memory order, which nothing else can catch.
SCHEDULES, SCHEDULES_FOR_ORDERS = 1000, 20000
# Of a constant, say, which every scenario reaches: the cheapest ones.
MOST_SCENARIOS = 25
SCHEDULES_OF_A_LOOK = 60


class Program:
    def __init__(self, line):
        words = line.split()
        self.name, self.seconds = words.pop(0), 10
        if "limit" in words:
            at = words.index("limit")
            self.seconds = int(words[at + 1])
            del words[at:at + 2]
        self.is_late, self.has_cases, self.is_vast = (word in words for word in ("late", "cases", "vast"))
        self.arguments = [word for word in words if word not in ("late", "cases", "vast")]

    def label(self):
        return " ".join([os.path.basename(self.name), *self.arguments])

    def outcome(self, path, scratch):
        """What can be compared with that of the unchanged core/."""
        if not self.has_cases:
            return run([path, *self.arguments], self.seconds, unlimited=self.is_vast)
        run([path], self.seconds, scratch)
        with open(scratch, errors="replace") as file:
            cases = [line.split("\t")[0] for line in file if "\t" in line]
        return [self._case(path, case, scratch) for case in cases]

    def _case(self, path, case, scratch):
        status = run([path, case], 3, scratch)
        with open(scratch, errors="replace") as file:
            text = file.read()
        # Which of the two happens is left to chance.
        if "MAYFAULT" in text:
            return "dies" if status != 0 else status
        said = re.findall(r"^emma: [^0-9\n]*", text, re.M)
        return [status, *said]


def read_programs():
    with open(HERE + "/programs") as file:
        return [Program(line) for line in file if line.strip() and not line.startswith("#")]


class Proofs:
    """The tests over one set: what they say of the unchanged core/, and what they say of a mutant."""

    def __init__(self, set_, fingerprint):
        self.set, self.fingerprint, self.lock = set_, fingerprint, threading.RLock()
        self.programs, self.expected, self._cases, self._reached = read_programs(), {}, None, None

    # ---- of the unchanged core/
    def _kept(self, name, make):
        """What make() returns, kept in a file until a source changes."""
        path = f"{self.set.base}/{name}.json"
        try:
            with open(path) as file:
                kept = json.load(file)
            if kept["fingerprint"] == self.fingerprint:
                return kept["value"]
        except (OSError, ValueError, KeyError):
            pass
        value = make()
        with open(path + ".new", "w") as file:
            json.dump({"fingerprint": self.fingerprint, "value": value}, file)
        os.rename(path + ".new", path)
        return value

    def cases(self):
        with self.lock:
            if self._cases is None:
                self._cases = self._kept("cases", self._time_cases)
            return self._cases

    def _time_cases(self):
        program, said = self.set.base + "/unit-tests", self.set.base + "/unit-tests.out"
        self.set.link_unit(None, [], program)
        status = run([program, "--duration"], 120, said)
        if status != 0:
            raise SystemExit(f"mutants: the unit tests of {self.set.folder} fail without a mutant ({status}): {said}")
        with open(said, errors="replace") as file:
            found = re.findall(r"^([0-9.]+) s: (.*)$", file.read(), re.M)
        return {name: float(seconds) for seconds, name in found}

    def outcome_of(self, program):
        with self.lock:
            if program.label() not in self.expected:
                self.expected[program.label()] = self._kept(
                    "outcome-" + program.label().replace(" ", "-"), lambda: self._outcome_of(program))
            return self.expected[program.label()]

    def _outcome_of(self, program):
        path = self.set.link_program(program.name, [], self.set.base + "/program")
        outcome = program.outcome(path, self.set.base + "/program.out")
        if not program.has_cases and outcome != 0:
            raise SystemExit(f"mutants: {self.set.folder}: {program.label()}: {outcome} without a mutant")
        return outcome

    def reached(self):
        """Each scenario: its seconds, and the lines of core/ that it reaches, by file."""
        with self.lock:
            if self._reached is None:
                self._reached = self._kept("reached", self._look)
            return self._reached

    def _look(self):
        program = self.set.link_explorer(None, [], self.set.base + "/explorer-base")
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        offsets, seconds = {}, {}
        for scenario in listed:
            if scenario.startswith("litmus"):
                continue
            path = self.set.base + "/reached.offsets"
            status, seconds[scenario] = seconds_of(lambda: run(
                [program, "--limit", str(SCHEDULES_OF_A_LOOK), scenario], 60, environment={"REACHED": path}))
            if status != 0:
                raise SystemExit(f"mutants: {self.set.folder}: scenario {scenario}: {status} without a mutant")
            with open(path, "rb") as file:
                data = file.read()
            offsets[scenario] = [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]
        lines = self._lines_of(program, sorted(set().union(*offsets.values())))
        found = {}
        for scenario in offsets:
            files = {}
            for offset in offsets[scenario]:
                for file, line in lines.get(offset, []):
                    files.setdefault(file, set()).add(line)
            found[scenario] = [seconds[scenario], {file: sorted(of) for file, of in files.items()}]
        return found

    @staticmethod
    def _lines_of(program, offsets):
        """The lines of each offset, those that it is inlined into included."""
        text = subprocess.run(["addr2line", "-a", "-i", "-e", program], input="\n".join(map(hex, offsets)),
                              capture_output=True, text=True, check=True).stdout
        lines, offset = {}, None
        for line in text.split("\n"):
            place = re.search(r"(?:^|/)(core/[\w.]+):(\d+)", line)
            if line.startswith("0x"):
                offset = int(line, 16)
            elif place:
                lines.setdefault(offset, []).append((place[1], int(place[2])))
        return lines

    def scenarios_for(self, mutant):
        """Those that reach the statement, or else the function, or else the file; cheapest first."""
        for lines in (mutant.lines, mutant.around, (0, 1 << 30)):
            chosen = [(seconds, name) for name, (seconds, files) in self.reached().items()
                      if any(lines[0] <= line <= lines[1] for line in files.get(mutant.file, []))]
            if chosen:
                return sorted(chosen)[:MOST_SCENARIOS if lines != mutant.lines else None]
        return []

    # ---- of a mutant; work: a folder with its object, and what is linked
    def try_unit(self, mutant, work, are_late):
        cases, chosen = self.cases(), []
        if are_late:
            chosen = [[name for name in cases if cases[name] > LATE]]
        else:
            chosen = [[name for name in cases if cases[name] <= SLOW],
                      [name for name in cases if SLOW < cases[name] <= LATE]]
        if not os.path.exists(work + "/unit-tests"):
            recompiled = []
            if mutant.part == "constant" and mutant.file.endswith(".h"):
                recompiled = self._recompile("unit", glob.glob("tests/unit/*_test.cpp"), self.set.base + "/unit", work)
            self.set.link_unit(mutant.file, [work + "/lib.o"], work + "/unit-tests", recompiled)
        for names in filter(None, chosen):
            pattern = ",".join(name.replace(",", "?") for name in names)
            status = run([work + "/unit-tests", "--abort-after=1", "--test-case=" + pattern],
                         LATE_SECONDS if are_late else UNIT_SECONDS, work + "/out")
            if status != 0:
                with open(work + "/out", errors="replace") as file:
                    shown = re.findall(r"^TEST CASE: *(.*)$", file.read(), re.M)
                # The last is the one that failed: others show a message.
                return f"unit ({', '.join([status, *shown[-1:]])})"
        return None

    def _recompile(self, what, sources, folder, work):
        objects = []
        for source in sources:
            if os.path.exists(f"{folder}/{source}.o"):
                objects.append(f"{work}/{os.path.basename(source)}.o")
                self.set.compile(what, source, objects[-1], work + "/changed")
        return objects

    def try_programs(self, mutant, work, are_late):
        for program in self.programs:
            if program.is_late != are_late:
                continue
            expected = self.outcome_of(program)
            path = self.set.link_program(program.name, [work + "/lib.o"], work + "/program")
            outcome = program.outcome(path, work + "/out")
            if outcome != expected:
                how = outcome if isinstance(outcome, str) else "another report"
                return f"{program.label()} ({how})"
        return None

    def try_explorer(self, mutant, work, schedules):
        chosen = self.scenarios_for(mutant)
        if not chosen:
            return None
        if not os.path.exists(work + "/explorer.o"):
            self.set.compile_core("explorer", mutant.file, work + "/explorer.o", work + "/changed")
        recompiled = []
        if mutant.part and mutant.file.endswith(".h"):
            sources = glob.glob("tests/explorer/scenarios/*.cpp")
            if mutant.part == "template":
                names = {f'"{name.split("/")[0]}"' for _, name in chosen}
                sources = [s for s in sources if any(name in open(s).read() for name in names)]
            recompiled = self._recompile("scenario", sources, self.set.base + "/explorer", work)
        self.set.link_explorer(mutant.file, [work + "/explorer.o"], work + "/explorer", recompiled)
        for seconds, name in chosen:
            # All runs, those with few preemptions, random ones: 2.25 times as many.
            limit = 10 + 5 * seconds / SCHEDULES_OF_A_LOOK * schedules
            status = run([work + "/explorer", "--limit", str(schedules), "--seed", "1", name], limit, work + "/out")
            if status != 0:
                return f"explorer {name}" + (" (hangs)" if status == "hangs" else "")
        return None

    def stages(self, mutant, work, is_quick):
        """What is tried, in order."""
        if mutant.kind.startswith("order"):
            yield lambda: self.try_explorer(mutant, work, SCHEDULES if is_quick else SCHEDULES_FOR_ORDERS)
            return
        yield lambda: self.try_unit(mutant, work, False)
        yield lambda: self.try_programs(mutant, work, False)
        if self.set.has_explorer():
            yield lambda: self.try_explorer(mutant, work, SCHEDULES)
        if is_quick:
            return
        yield lambda: self.try_unit(mutant, work, True)
        yield lambda: self.try_programs(mutant, work, True)

    def catch(self, mutant, work, is_quick):
        """What catches it, or None."""
        self.set.prepare()
        for stage in self.stages(mutant, work, is_quick):
            try:
                caught = stage()
            except DoesNotCompile:
                caught = "the compiler of a test"
            if caught:
                return caught
        return None
