"""Kills a server in the middle of a sync: a process of its own, because a thread of the harness would see the sync and come too late.

    strike.py PID SECONDS

Waits for at most SECONDS until the main thread of PID, Redis', is in fdatasync, where it is under `appendfsync always` after each turn of its
loop, and sends SIGKILL, in any case. Prints when (seconds since 1970), and "hit" when a sync was still under way after the signal had been sent, so
that nothing of it can have been answered; "seen" when it was so right before; else "-".
"""

import os
import platform
import signal
import sys
import time

FDATASYNC = {"x86_64": b"75 ", "aarch64": b"83 "}  # how /proc/PID/syscall begins meanwhile


def strike(pid: int, seconds: float) -> tuple[float, str]:
    """Kills at once where the machine does not show what a process is in. A sync takes some 50 µs on a fast disk: each look has to be quick."""
    number = FDATASYNC.get(platform.machine())

    def in_sync() -> bool | None:
        try:
            return os.pread(file, 3, 0) == number
        except OSError:
            return None

    try:
        file = os.open(f"/proc/{pid}/syscall", os.O_RDONLY)
    except OSError:
        file = -1
    deadline = time.monotonic() + seconds
    while (seen := in_sync()) is False and time.monotonic() < deadline:
        pass
    try:  # noqa: SIM105 a context would cost the time that decides
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    hit = in_sync()
    return time.time(), "hit" if hit else "seen" if seen else "-"


if __name__ == "__main__":
    print(*strike(int(sys.argv[1]), float(sys.argv[2])))
