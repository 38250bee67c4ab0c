"""CPU time and memory of processes, as /proc counts them."""

import os
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK = 1_000_000 // os.sysconf("SC_CLK_TCK")  # microseconds


@dataclass(frozen=True)
class Cpu:
    """CPU time in microseconds."""

    user: float = 0.0
    system: float = 0.0

    @property
    def total(self) -> float:
        return self.user + self.system

    def __add__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user + other.user, self.system + other.system)

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user - other.user, self.system - other.system)

    def each(self, count: float) -> "Cpu":
        return Cpu(self.user / count, self.system / count)


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def family(pid: int) -> list[int]:
    """A process and all that it has started: the backends of Postgres, the workers of nginx."""
    return [pid, *(member for child in _children(pid) for member in family(child))]


def used(pid: int) -> Cpu:
    """What a process has used, its threads and the children that have ended included. Nothing if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return Cpu()
    user, system, children_user, children_system = (int(field) * TICK for field in fields[11:15])
    return Cpu(user + children_user, system + children_system)


def used_by(pids: Iterable[int]) -> Cpu:
    return sum((used(member) for pid in pids for member in family(pid)), Cpu())


def on_processor(pid: int) -> float:
    """The microseconds that the threads of a process have run, to the nanosecond; 0 if it is gone. `used` counts in hundredths of a second."""
    try:
        return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1000
    except OSError:
        return 0.0


def own() -> Cpu:
    """What this process has used, so the load generator."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Cpu(usage.ru_utime * 1e6, usage.ru_stime * 1e6)


def resident(pids: Iterable[int]) -> int:
    """Bytes of memory that processes hold for themselves, so without what they share with others."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith(("Private_Clean", "Private_Dirty")))
    return total
