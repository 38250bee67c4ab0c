"""Processes as /proc shows them. A zombie counts as gone: it holds nothing, and who reaps it is not always us."""

import os
import signal
import subprocess
import time


def _stat(pid):
    """State letter and session of a process, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # the name in parentheses may itself hold spaces and parentheses
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[3])


def alive(pid):
    stat = _stat(pid)
    return stat is not None and stat[0] not in "ZX"


def session(leader):
    """The living processes of the session that `leader` began, also when it has gone itself: nginx' workers outlive a killed master."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat is not None and stat[0] not in "ZX" and stat[1] == leader:
                found.append(int(entry))
    return found


def words(pid, file):
    """The command line or the environment of a process, as a list of texts."""
    try:
        with open(f"/proc/{pid}/{file}", "rb") as content:
            return content.read().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def spawn(argv, log, environment=None, cwd="/", user=None):
    """Starts a process in a session of its own that holds nothing of the caller's: no terminal, no pipe."""
    groups = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with open(log, "ab") as output:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=cwd, start_new_session=True, **groups)


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def end(pids, number, seconds, hurry=lambda: False):
    """Sends a signal and waits until each process and its session have gone; what is left then is killed. Returns the pids that had to be."""
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
