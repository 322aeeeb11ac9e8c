# SPDX-License-Identifier: MIT OR Apache-2.0
"""Running a program that may do anything: in a process group of its own, with limits."""
import os
import signal
import subprocess
import time

ADDRESS_SPACE = 16 << 30
# The machine may be busy: what waits is given so many times what computes.
PATIENCE = 4


def run(command, seconds, output=os.devnull, environment=None, unlimited=False):
    """0, or what happened: `exit 3`, `signal 11`, `hangs`. seconds: of processor time, in each process."""
    limits = ["prlimit", f"--cpu={int(seconds) + 1}", "--core=0"]
    if not unlimited:
        limits.append(f"--as={ADDRESS_SPACE}")
    with open(output, "wb") as out:
        process = subprocess.Popen([*limits, "--", *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   start_new_session=True, env={**os.environ, **(environment or {})})
    try:
        status = process.wait(timeout=seconds * PATIENCE)
    except subprocess.TimeoutExpired:
        status = None
    # Its children, too.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    if status is None or status == -signal.SIGXCPU or status == -signal.SIGKILL:
        return "hangs"
    if status == 0:
        return 0
    return f"signal {-status}" if status < 0 else f"exit {status}"


def seconds_of(action):
    started = time.monotonic()
    result = action()
    return result, time.monotonic() - started
