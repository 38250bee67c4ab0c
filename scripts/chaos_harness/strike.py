"""Kills a server in the middle of a sync: a process of its own, because a thread of the harness would see the sync and come too late.

    strike.py PID SECONDS

Waits for at most SECONDS until the main thread of PID, Redis', is in fdatasync, where it is under `appendfsync always` after each turn of its
loop, and sends SIGKILL, in any case. Prints when (seconds since 1970), and "sync" when one was still under way after the signal had been sent, so
that nothing of it can have been answered; else "-".
"""

import os
import platform
import signal
import sys
import time

FDATASYNC = {"x86_64": b"75 ", "aarch64": b"83 "}  # how /proc/PID/syscall begins meanwhile


def strike(pid, seconds):
    try:
        file = os.open(f"/proc/{pid}/syscall", os.O_RDONLY)
    except OSError:
        file = None
    number = FDATASYNC.get(platform.machine())
    deadline = time.monotonic() + seconds if number else 0.0

    def syncs():
        try:
            return file is not None and os.pread(file, 3, 0) == number
        except OSError:
            return False  # not shown on this machine, or the process has gone

    while not syncs() and time.monotonic() < deadline:
        pass
    moment = time.time()
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return moment, False
    return moment, syncs()


if __name__ == "__main__":
    when, hit = strike(int(sys.argv[1]), float(sys.argv[2]))
    print(when, "sync" if hit else "-")
