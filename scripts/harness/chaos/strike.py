"""Kills a server in the middle of a sync. It is a process of its own, because a thread of the harness would see the sync too late.

    strike.py PID SECONDS

Waits for at most SECONDS until the main thread of PID (Redis) is in fdatasync. Under `appendfsync always` it is there after each turn of its loop.
Then sends SIGKILL, in any case. Prints the time (seconds since 1970), and one word. "hit": a sync was still under way after the signal had been sent,
so none of what it syncs can have been answered. "seen": a sync was under way right before the signal. "-": neither."""

import os
import platform
import signal
import sys
import time

FDATASYNC = {"x86_64": b"75 ", "aarch64": b"83 "}  # the first characters of /proc/PID/syscall during fdatasync


def strike(pid: int, seconds: float) -> tuple[float, str]:
    """Kills the process, at once if the machine does not show system calls. A sync takes some 50 µs on a fast disk, so each look has to be quick."""
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
    try:  # noqa: SIM105 a context manager would take the time that decides
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    hit = in_sync()
    return time.time(), "hit" if hit else "seen" if seen else "-"


if __name__ == "__main__":
    print(*strike(int(sys.argv[1]), float(sys.argv[2])))
