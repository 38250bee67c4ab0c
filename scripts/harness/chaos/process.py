"""The service processes of the stack under test, and what they have counted."""

import asyncio
import re
import subprocess
from collections import Counter

from harness.http_client import Lost, request

from .proxy import Proxy


class Process:
    """One service process through all its lives."""

    def __init__(self, kind: str, number: int, proxy: Proxy) -> None:
        self.kind, self.number, self.proxy = kind, number, proxy
        self.name = f"{kind}-{number}"
        self.port: int | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.lock = asyncio.Lock()  # held by the fault that does something to the process
        self.expected_end = False  # the harness has asked this life to end
        self.retired = False  # nobody starts it again

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.poll() is None


NAMES = ("order_steps_total", "stream_entries_total", "dead_letters_total", "order_attempts_total")
LINE = re.compile(r"^(\w+)(?:\{(.*)\})? ([0-9.e+]+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def counters(text: str) -> dict[tuple[str, ...], float]:
    """(name, value of each label in order) -> count."""
    found = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match and match[1] in NAMES:
            labels = tuple(value for _, value in sorted(LABEL.findall(match[2] or "")))
            found[(match[1], *labels)] = float(match[3])
    return found


class Totals:
    def __init__(self) -> None:
        self._closed = Counter()
        self._open = {}  # name of a process -> the counts of its present life
        self.ends = 0  # lives whose last counts were never read

    async def scrape(self, process: Process) -> None:
        pid = process.pid
        try:
            answer = await request(f"{process.base}/metrics", timeout=2)
        except Lost:
            return
        if answer.status == 200 and process.pid == pid:
            self._open[process.name] = counters(answer.text)

    def close(self, process: Process) -> None:
        self._closed.update(self._open.pop(process.name, {}))
        self.ends += 1

    def total(self, name: str, **labels: str) -> int:
        """The sum of a counter over all labels that are not given."""
        wanted = tuple(labels[label] for label in sorted(labels))
        every = Counter(self._closed)
        for counts in self._open.values():
            every.update(counts)
        return int(sum(count for key, count in every.items() if key[0] == name and all(value in key[1:] for value in wanted)))
