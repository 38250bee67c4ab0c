"""What processes hold, as /proc counts it, and what Redis holds, over time."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields

from harness.bench.processor import family
from harness.redis_client import Redis, text
from harness.runner.processes import words

from .judgement import Points

# What the mock chain keeps for days by design: what has landed, and each transaction with the time of its end.
LEDGER, EXPIRING, TRANSACTION = "chain:{0}:landed", "chain:{0}:expiring", "chain:{0}:tx:"
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Held:
    """What a process and those that it has started hold at a moment."""

    memory: int  # resident bytes that it does not share with others: Postgres' sessions would count what they share once each
    descriptors: int
    connections: int
    threads: int
    processes: int


@dataclass(frozen=True)
class Stored:
    """What Redis holds at a moment. Bytes, or counts."""

    memory: int
    ledger: int  # the part of it that is the mock chain's ledger
    keys: int  # without those of the ledger
    clients: int


def held(pid: int) -> Held | None:
    """None if the process is gone."""
    found = [one for member in family(pid) if (one := _held(member)) is not None]
    return Held(*(sum(getattr(one, name.name) for one in found) for name in fields(Held))) if found else None


def _held(pid: int) -> Held | None:
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            resident, shared = map(int, file.read().split()[1:3])
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return None
    return Held((resident - shared) * PAGE, len(descriptors), sum(_is_socket(pid, number) for number in descriptors), threads, 1)


def _is_socket(pid: int, number: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:")
    except OSError:
        return False


def sessions(pid: int) -> int:
    """The connections that a Postgres serves for the engine."""
    return sum(words(member, "cmdline")[0].startswith("postgres: engine orders") for member in family(pid))


@dataclass
class Watch:
    """Looks every so often. A process that was started again is another life of the same name."""

    pids: Callable[[], dict[str, int]]
    redis: Redis
    lives: dict[tuple[str, int], list[tuple[float, Held]]] = field(default_factory=dict)  # (name, pid) -> what it held when
    stored: list[tuple[float, Stored]] = field(default_factory=list)
    sessions: list[tuple[float, float]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def now(self) -> float:
        return time.monotonic() - self.started

    async def look(self) -> None:
        for name, pid in self.pids().items():
            if (one := held(pid)) is not None:
                self.lives.setdefault((name, pid), []).append((self.now, one))
            if name.startswith("postgres"):
                self.sessions.append((self.now, sessions(pid)))
        with suppress(OSError, EOFError, TimeoutError):
            self.stored.append((self.now, await self._stored()))

    async def _stored(self) -> Stored:
        info = {}
        for section in ("memory", "clients"):
            text = (await self.redis.once("INFO", section)).decode()
            info |= dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        count, size = await self._ledger()
        return Stored(int(info["used_memory"]), size, await self.redis.once("DBSIZE") - count, int(info["connected_clients"]))

    async def _ledger(self) -> tuple[int, int]:
        """How many transactions the chain knows, and about how many bytes it has. Transactions are much alike, so one tells of all."""
        size = sum([await self.redis.once("MEMORY", "USAGE", key) or 0 for key in (LEDGER, EXPIRING)])
        count, one = await self.redis.once("ZCARD", EXPIRING), await self.redis.once("ZRANGE", EXPIRING, 0, 0)
        return count, size + count * (await self.redis.once("MEMORY", "USAGE", TRANSACTION + text(one[0])) or 0 if one else 0)

    async def every(self, seconds: float) -> None:
        while True:
            await self.look()
            await asyncio.sleep(seconds)

    def of(self, life: tuple[str, int], what: str) -> Points:
        return [(at, getattr(one, what)) for at, one in self.lives[life]]

    def memory_of_redis(self) -> Points:
        """Bytes, without the ledger."""
        return [(at, one.memory - one.ledger) for at, one in self.stored]
