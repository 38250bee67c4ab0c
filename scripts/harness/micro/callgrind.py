"""Runs a program under valgrind's callgrind, and reads what it has counted."""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.runner.servers import program
from harness.runner.settings import Problem

ALLOCATORS = frozenset(("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"))


@dataclass(frozen=True)
class Counts:
    """What one run has done, or one operation."""

    instructions: float
    allocations: float  # calls of malloc and its like, from all of the process but libc itself

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(self.instructions - other.instructions, self.allocations - other.allocations)

    def each(self, operations: int) -> "Counts":
        return Counts(self.instructions / operations, self.allocations / operations)


def command(output: Path, *argv: str | Path) -> list[str]:
    """The command that counts a program, and writes the counts into `output` when it ends."""
    options = ("--tool=callgrind", "--quiet", "--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={output}")
    return [program("valgrind"), *options, *(str(word) for word in argv)]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """As little as is needed, so that no run depends on who calls it. Swift's dictionaries have the same order in each run."""
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "SWIFT_DETERMINISTIC_HASHING": "1"} | dict(more or {})


def count(argv: Sequence[str | Path], output: Path, more: Mapping[str, str] | None = None, cwd: Path | None = None) -> Counts:
    """Counts a program from its start to its end. A program that fails is a Problem with its last words."""
    done = subprocess.run(
        command(output, *argv), env=environment(more), cwd=cwd, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False, timeout=300)
    if done.returncode != 0:
        last = "\n".join(done.stdout.splitlines()[-10:])
        raise Problem(f"`{' '.join(str(word) for word in argv)}` has failed under callgrind, exit code {done.returncode}:\n{last}")
    return read(output)


def read(output: Path) -> Counts:
    with open(output, encoding="utf-8", errors="replace") as lines:
        return parsed(lines)


def parsed(lines: Iterable[str]) -> Counts:
    """The totals of callgrind's output format. A call is written as a line `cfn=<name>` and, after it, a line `calls=<how often> <where>`."""
    instructions, allocations, called = None, 0, ""
    for line in lines:
        if line.startswith("cfn="):
            called = line[4:].strip()
        elif line.startswith("calls=") and called in ALLOCATORS:
            allocations += int(line[6:].split()[0])
        elif line.startswith(("summary:", "totals:")):
            instructions = int(line.split()[1])
    if instructions is None:
        raise Problem("callgrind has written no total.")
    return Counts(instructions, allocations)
