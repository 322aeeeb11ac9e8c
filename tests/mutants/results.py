# SPDX-License-Identifier: MIT OR Apache-2.0
"""Results of mutants in a file that is appended to, and the list of the equivalent ones."""
import json
import os
import threading


class Results:
    """A mutant that was caught stays so while its file stays as it is; one that survived is tried again once any
    source or test has changed."""

    def __init__(self, path, fingerprint):
        self.path, self.fingerprint, self.lock, self.rows = path, fingerprint, threading.Lock(), []
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path):
            with open(path) as file:
                self.rows = [json.loads(line) for line in file if line.endswith("}\n")]
        self.by_name = {row["name"]: row for row in self.rows}

    def get(self, name, of_file):
        row = self.by_name.get(name)
        if row is None or row["file"] != of_file:
            return None
        return row if row["outcome"] != "survived" or row["all"] == self.fingerprint else None

    def put(self, name, of_file, outcome, by, set_, seconds, is_kept=True):
        row = {"name": name, "file": of_file, "all": self.fingerprint, "outcome": outcome, "by": by, "set": set_,
               "seconds": round(seconds, 1)}
        if not is_kept:
            return row
        with self.lock:
            self.by_name[name] = row
            with open(self.path, "a") as file:
                file.write(json.dumps(row) + "\n")
        return row


def read_stanzas(path):
    """Names at the start of a line, with the indented lines that follow."""
    found, name = {}, None
    with open(path) as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            if not line[0].isspace():
                name = line.strip()
                found[name] = ""
            elif name is not None:
                found[name] = (found[name] + " " + line.strip()).strip()
    return found
