"""What each case costs: two runs of different length, without what both have done."""

import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from harness.private import scratch
from harness.runner.servers import program
from harness.runner.settings import ROOT, Problem

from . import servers
from .callgrind import Counts, count, environment, read
from .cases import IN_REDIS, LOCAL, SERVED, Case

Figures = dict[str, Counts]


class Counting:
    """Counts cases of one executable. `folder` is for what callgrind writes."""

    def __init__(self, executable: Path, folder: Path) -> None:
        self.executable, self.folder = executable, folder

    def local(self, case: Case) -> Counts:
        return self._twice(case, lambda number: self._run(case, number))

    def served(self, case: Case) -> Counts:
        """A case with a server that is not counted."""
        if case.server == "postgres":
            with servers.postgres() as url:
                # The first run makes the tables, so that both that count find them.
                self._run(case, 64, DATABASE_URL=url)
                return self._twice(case, lambda number: self._run(case, number, DATABASE_URL=url))
        return self._twice(case, self._against_redis(case))

    def _against_redis(self, case: Case) -> Callable[[int], Counts]:
        def run(number: int) -> Counts:
            with servers.redis() as url:
                return self._run(case, number, REDIS_URL=url)

        return run

    def in_redis(self, case: Case) -> Counts:
        """What Redis itself does in a case."""
        return self._twice(case, lambda number: self._redis_run(case, number))

    def _redis_run(self, case: Case, number: int) -> Counts:
        output = self.folder / f"redis.{case.name}.{number}"
        with servers.redis(output) as url:
            done = subprocess.run(
                [self.executable, case.name, str(number)], env=environment({"REDIS_URL": url}), cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300)
        if done.returncode != 0:
            raise Problem(f"{case.name} has failed: {done.stdout}")
        return read(output)

    def _run(self, case: Case, number: int, **more: str) -> Counts:
        return count([self.executable, case.name, str(number)], self.folder / f"{case.name}.{number}", more, ROOT)

    @staticmethod
    def _twice(case: Case, run: Callable[[int], Counts]) -> Counts:
        return (run(2 * case.count) - run(case.count)).each(case.count)


def figures(executable: Path, names: tuple[str, ...], say: Callable[[str], None]) -> Figures:
    """The cost of an operation of each of these cases."""
    found: Figures = {}
    with _stripped(executable) as (counted, folder):
        counting = Counting(counted, folder)
        local = [case for case in LOCAL if case.name in names]
        with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
            for case, counts in zip(local, pool.map(counting.local, local), strict=True):
                found[case.name] = counts
        say(f"{len(local)} cases without a server")
        for case in SERVED:
            if case.name in names:
                found[case.name] = counting.served(case)
                say(case.name)
        for name, case in IN_REDIS:
            if name in names:
                # The packaged Redis allocates with jemalloc, which is not seen.
                found[name] = Counts(counting.in_redis(case).instructions, 0)
                say(name)
    return found


@contextmanager
def _stripped(executable: Path) -> Iterator[tuple[Path, Path]]:
    """A copy without debug information, which valgrind 3.19 cannot read as Swift writes it, and a folder. The names of functions stay."""
    if not os.access(executable, os.X_OK):
        raise Problem(f"There is no executable {executable}; `scripts/build micro` makes it.")
    with scratch() as folder:
        copy = folder / executable.name
        subprocess.run([program("strip"), "--strip-debug", "-o", str(copy), str(executable)], check=True)
        yield copy, folder
