"""Counters of the services, summed over the lives of their processes as far as they were read before they ended."""

import re
from collections import Counter

from .http_client import Lost, request

NAMES = ("order_steps_total", "stream_entries_total", "dead_letters_total", "order_attempts_total")
LINE = re.compile(r"^(\w+)(?:\{(.*)\})? ([0-9.e+]+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def read(text):
    """(name, value of each label in order) -> count."""
    found = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match and match[1] in NAMES:
            labels = tuple(value for _, value in sorted(LABEL.findall(match[2] or "")))
            found[(match[1], *labels)] = float(match[3])
    return found


class Totals:
    def __init__(self):
        self._closed = Counter()
        self._open = {}  # name of a process -> what its present life has counted
        self.ends = 0  # lives whose last counts nobody has read

    async def scrape(self, process):
        pid = process.pid
        try:
            answer = await request(process.port, "GET", "/metrics", timeout=2)
        except Lost:
            return
        if answer.status == 200 and process.pid == pid:
            self._open[process.name] = read(answer.text)

    def close(self, process):
        self._closed.update(self._open.pop(process.name, {}))
        self.ends += 1

    def total(self, name, **labels):
        """The sum of a counter over what the given labels leave open."""
        wanted = tuple(labels[label] for label in sorted(labels))
        every = Counter(self._closed)
        for counts in self._open.values():
            every.update(counts)
        return int(sum(count for key, count in every.items() if key[0] == name and all(value in key[1:] for value in wanted)))
