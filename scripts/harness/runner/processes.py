"""Processes as /proc shows them. A zombie counts as gone: it holds nothing, and another process may have to reap it."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

IDENTITY_SECONDS = 5.0  # the time a new process has to show its environment


def _stat(pid: int | str) -> tuple[str, int] | None:
    """State letter and session of a process. None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # The name in parentheses may itself contain spaces and parentheses.
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[3])


def alive(pid: int) -> bool:
    stat = _stat(pid)
    return stat is not None and stat[0] not in "ZX"


def session(leader: int) -> list[int]:
    """The living processes of the session that `leader` began, even if the leader has gone: nginx' workers outlive a killed master."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat is not None and stat[0] not in "ZX" and stat[1] == leader:
                found.append(int(entry))
    return found


def words(pid: int | str, file: str) -> list[str]:
    """The command line or the environment of a process, as a list of texts."""
    try:
        with open(f"/proc/{pid}/{file}", "rb") as content:
            return content.read().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def spawn(
    argv: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None, cwd: str | Path = "/",
    user: pwd.struct_passwd | None = None
) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own. It holds nothing of the caller's: no terminal, no pipe."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=cwd, start_new_session=True, **identity(user))
    _await_identity(process.pid)
    return process


def _await_identity(pid: int) -> None:
    """Returns when /proc shows whose process this is. The kernel closes the pipe that `Popen` waits for before it writes the new environment, and
    who looks in between, as to stop a stack that has failed, takes the process for another's."""
    deadline = time.monotonic() + IDENTITY_SECONDS
    while alive(pid) and words(pid, "environ") == [""] and time.monotonic() < deadline:
        time.sleep(0.001)


def identity(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """The arguments that make a process run as that user, or as the caller's user if there is none."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def end(pids: list[int], number: int, seconds: float, hurry: Callable[[], bool] = lambda: False) -> list[int]:
    """Sends a signal and waits until each process and its session have gone. Kills what is left then, and returns those pids."""
    for pid in pids:
        for target in [pid] if alive(pid) else session(pid):
            send(target, number)
    deadline = time.monotonic() + seconds
    remaining = [pid for pid in pids if alive(pid) or session(pid)]
    while remaining and time.monotonic() < deadline and not hurry():
        time.sleep(0.05)
        remaining = [pid for pid in remaining if alive(pid) or session(pid)]
    for pid in remaining:
        for member in {pid, *session(pid)}:
            send(member, signal.SIGKILL)
    while any(alive(pid) for pid in remaining):
        time.sleep(0.02)
    return remaining


class Parent:
    def __init__(self) -> None:
        self.pid = os.getppid()
        self.catches = self._catches() if self._is_make() else 0

    def _read(self, file: str) -> str:
        try:
            with open(f"/proc/{self.pid}/{file}", encoding="ascii", errors="replace") as content:
                return content.read()
        except OSError:
            return ""

    def _is_make(self) -> bool:
        return self._read("comm").strip() in ("make", "gmake")

    def _catches(self) -> int:
        """Which of the signals that ask a program to end this process handles, as bits."""
        caught = next((line.split()[1] for line in self._read("status").splitlines() if line.startswith("SigCgt:")), "0")
        return int(caught, 16) & sum(1 << (number - 1) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM))

    def wants_to_end(self) -> bool:
        """Whether make was asked to end. Its handler first restores the default action, and a killed make is no parent any more."""
        return self.catches != 0 and (os.getppid() != self.pid or self._catches() != self.catches)
