# SPDX-License-Identifier: MIT OR Apache-2.0
"""A set of build options: what `make mutants-base` made for it, and compiling and linking over that."""
import glob
import hashlib
import os
import shlex
import subprocess
import threading


# What the environment has that is no option of the libraries' build.
OURS = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "SAMPLE", "SEED", "JOBS", "CHOICE", "LEAST", "QUICK")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


class DoesNotCompile(Exception):
    pass


class Set:
    """folder: where the make options put what they build. start() before compiling, prepare() before linking."""

    def __init__(self, folder, options):
        self.folder, self.options, self.base = folder, options, folder + "/mutants"
        self.commands, self.is_prepared, self.lock, self.originals = None, False, threading.RLock(), {}

    def start(self):
        with self.lock:
            if self.commands is None:
                self._make("mutants-start")
                with open(self.base + "/commands") as file:
                    commands = dict(line.rstrip("\n").split("\t") for line in file)
                self.commands = {name: shlex.split(command) for name, command in commands.items()}

    def prepare(self):
        with self.lock:
            if not self.is_prepared:
                self._make("mutants-base")
                self.is_prepared = True
        self.start()

    def _make(self, target):
        environment = {k: v for k, v in os.environ.items() if k not in OURS}
        made = subprocess.run(["make", *self.options, target], env=environment,
                              capture_output=True, text=True)
        if made.returncode != 0:
            raise SystemExit(f"mutants: make {' '.join(self.options)} {target}:\n{made.stderr[-3000:]}")

    def has_explorer(self):
        return bool(self.commands["explorer"])

    def compile(self, what, source, target, changed=None, flags=()):
        """With the command `what`. changed: a folder whose files stand before those of the sources."""
        command = self.commands[what]
        before = ["-I", changed] if changed else []
        done = subprocess.run([command[0], *before, *command[1:], *flags, "-c", source, "-o", target],
                              capture_output=True)
        if done.returncode != 0:
            raise DoesNotCompile(done.stderr.decode(errors="replace"))

    def compile_core(self, what, file, target, changed=None):
        """The part of core/ that changes with `file`; for a header all of it, as one source."""
        if file.endswith(".h"):
            # Nothing inline: what the tests call is here.
            self.compile(what, f"{self.base}/{what}/every.cpp", target, changed, ["-fno-inline"])
        else:
            self.compile(what, f"{changed}/{file}" if changed else file, target, changed)

    def original(self, what, file):
        """The digest of that part without a change."""
        key = what, "every" if file.endswith(".h") else file
        with self.lock:
            if key not in self.originals:
                target = f"{self.base}/original-{os.getpid()}.o"
                self.compile_core(what, file, target)
                self.originals[key] = digest(target)
                os.remove(target)
            return self.originals[key]

    def _rest_of_core(self, what, file):
        if file is not None and file.endswith(".h"):
            return []
        return [o for o in glob.glob(f"{self.base}/{what}/core/*.o") if file is None or not o.endswith(f"/{file}.o")]

    def _link(self, command, objects, target):
        done = subprocess.run([*command, *objects, "-o", target], capture_output=True, text=True)
        if done.returncode != 0:
            raise DoesNotCompile(done.stderr)
        return target

    # ---- programs, over the part of core/ that changed with `file` (null: over the unchanged core/)
    def link_unit(self, file, objects, target, recompiled=()):
        tests = [o for o in glob.glob(self.base + "/unit/tests/unit/*.o") if os.path.basename(o) not in
                 {os.path.basename(r) for r in recompiled}]
        return self._link(self.commands["cxx"], [*objects, *self._rest_of_core("lib", file), *recompiled, *tests,
                                                 self.base + "/unit/main.o"], target)

    def link_explorer(self, file, objects, target, recompiled=()):
        names = {os.path.basename(r) for r in recompiled}
        scenarios = [o for o in glob.glob(self.base + "/explorer/tests/explorer/scenarios/*.o")
                     if os.path.basename(o) not in names]
        return self._link(self.commands["cxx"], [
            *objects, *self._rest_of_core("explorer", file), *recompiled, *scenarios,
            self.base + "/explorer/tests/mutants/reached.cpp.o",
            *glob.glob(self.folder + "/explorer/tests/explorer/*.o")], target)

    def link_program(self, name, objects, target):
        extra = {"misuse": [self.folder + "/tests/other_copy.o"],
                 "stepping": glob.glob(self.folder + "/tests/stepping/*.o")}.get(os.path.basename(name), [])
        return self._link([self.folder + "/bin/emma-c++", "-static"],
                          [f"{self.base}/programs/{name}.o", *extra, *objects], target)
