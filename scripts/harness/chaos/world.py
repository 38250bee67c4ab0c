"""What all parts of one run share."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.redis_client import Redis
from harness.redis_cluster import RedisCluster

from .clients import Clients, Plan, Sockets
from .options import Options
from .stack import ChaosStack


@dataclass
class Injected:
    """An entry that the harness has added, and what may become of it."""

    kind: str
    stream: str  # accepted, routed or events
    partition: int
    reasons: frozenset[str]  # reasons that a dead letter of it may have; empty: it must not become one
    needed: bool  # whether it must become a dead letter
    order: str = ""


@dataclass
class World:
    options: Options
    stack: ChaosStack
    redis: Redis | RedisCluster | None
    clients: Clients | None = None
    sockets: Sockets | None = None
    tally: Counter[str] = field(default_factory=Counter)  # fault -> how often
    injected: dict[tuple[str, str], Injected] = field(default_factory=dict)  # (stream's key, entry's id) -> Injected
    poisoned: set[str] = field(default_factory=set)  # orders that crashed their workers
    touched: set[str] = field(default_factory=set)  # orders with copies of their entries, or a stolen one
    alone: set[str] = field(default_factory=set)  # orders whose entries are not to be copied
    placing: int = 0  # number of such orders that are being placed
    background: set[asyncio.Task[None]] = field(default_factory=set)  # tasks of faults and clients
    violations: list[tuple[str, str]] = field(default_factory=list)  # (what, order id or "")
    measures: dict[str, list[float]] = field(default_factory=dict)  # name -> list of numbers
    windows: list[list[str | float]] = field(default_factory=list)  # (fault, from, to) by the wall clock
    rolled_back: list[tuple[frozenset[int], float, float]] = field(default_factory=list)  # (partitions, from, to): what Redis may have lost
    started: float = field(default_factory=time.monotonic)
    loading: bool = True
    note: Callable[[str], None] = print

    def chance(self, name: str) -> random.Random:
        """A random generator for each part, so that one part's draws do not depend on another's timing."""
        return random.Random(f"{self.options.seed}/{name}")

    def wants(self, *names: str) -> list[str]:
        return [name for name in names if name in self.options.faults]

    def count(self, fault: str, what: str = "") -> None:
        self.tally[fault] += 1
        self.note(f"fault: {fault}{' ' if what else ''}{what}")

    def violation(self, what: str, order: str = "") -> None:
        if (what, order) not in self.violations:
            self.violations.append((what, order))

    def measure(self, name: str, value: float) -> None:
        self.measures.setdefault(name, []).append(value)

    @contextmanager
    def window(self, fault: str) -> Iterator[float]:
        start = time.time()
        entry = [fault, start, float("inf")]
        self.windows.append(entry)
        try:
            yield start
        finally:
            entry[2] = time.time()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self.background.add(task)
        return task

    async def place_alone(self, plan: Plan) -> str | None:
        """Places an order whose entries nobody copies, and follows it. Returns its id, or None if it was not accepted."""
        self.placing += 1
        try:
            submission = await self.clients.place(plan)
            if submission is None or submission.id is None:
                return None
            self.alone.add(submission.id)
        finally:
            self.placing -= 1
        self.spawn(self.clients.stay(submission))
        return submission.id

    def partition_of(self, order: str) -> int:
        """The partition of an order: the last byte of its id."""
        return int(order[-2:], 16)

    def may_lack(self, partition: int) -> bool:
        """Whether Redis may have lost something of a partition."""
        return any(partition in partitions for partitions, _, _ in self.rolled_back)

    def accepted(self) -> set[str]:
        """Every order that a client knows as accepted."""
        return {order for submission in self.clients.submissions for order in submission.ids}

    def calm(self, since: float, *own: str) -> bool:
        """Whether nothing else was broken since that moment of the wall clock. `own` are the kinds that do not count."""
        return not any(fault not in own and end > since for fault, _, end in self.windows)

    def broken(self, kind: str, since: float) -> bool:
        """Whether a fault of this kind has lasted beyond that moment of the wall clock."""
        return any(fault == kind and end > since for fault, _, end in self.windows)

    def disturbed(self, since: float) -> bool:
        """Whether a master has been lost or cut off since that moment of the wall clock."""
        return any(fault in ("failover", "partition") and end > since for fault, _, end in self.windows)

    def under_way(self, kind: str) -> bool:
        """Whether a fault of this kind is being injected now."""
        return any(fault == kind and end == float("inf") for fault, _, end in self.windows)

    def prefix(self, partition: int, space: str = "orders") -> str:
        return f"{space}:{{{partition}}}:"

    @property
    def partitions(self) -> range:
        return range(self.options.partitions)
