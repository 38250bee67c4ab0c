"""What is measured: the engine, or the peer. Both are the same to the load."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import asyncpg

from harness.http_client import Json
from harness.redis_client import Redis

from .http_load import Address
from .processor import Cpu, own, used_by


@dataclass(frozen=True)
class Reading:
    """Everything that has been used up to a moment. Bytes, but for `cpu` and `at` (seconds)."""

    at: float
    cpu: Mapping[str, Cpu]  # by kind of process; "load" is the load generator
    redis_memory: int
    wal: int
    disk: int


class Subject(ABC):
    """A system under test that is running, seen by its processes and its two servers."""

    name: str
    headers: Mapping[str, str] = MappingProxyType({})  # of each request
    posts: list[Address]  # where orders are posted
    streams: list[Address]  # where sockets connect
    max_window: int | None = None  # orders under way beyond which more of them only wait
    processes: dict[str, list[int]]  # kind -> pids of the processes, whose children count too

    def __init__(self, redis_port: int, database_url: str) -> None:
        self.redis = Redis(redis_port)
        self.database_url = database_url
        self._database: asyncpg.Connection | None = None

    async def __aenter__(self) -> "Subject":
        self._database = await asyncpg.connect(self.database_url, timeout=10, command_timeout=60)
        return self

    async def __aexit__(self, *_problem: object) -> None:
        self.redis.close()
        await self._database.close(timeout=5)

    @abstractmethod
    async def backlog(self) -> float:
        """The orders that were accepted and are not done: executed, and stored in Postgres."""

    @abstractmethod
    async def calibrate(self) -> None:
        """Learns from some orders, all of them done, what `backlog` needs to know of an order."""

    @abstractmethod
    async def confirmed(self) -> int:
        """The orders that Postgres has as confirmed."""

    async def value(self, statement: str) -> int:
        return await self._database.fetchval(statement)

    async def info(self, section: str) -> dict[str, str]:
        text = (await self.redis.once("INFO", section)).decode()
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def cpu(self) -> dict[str, Cpu]:
        return {kind: used_by(pids) for kind, pids in self.processes.items()} | {"load": own()}

    async def read(self) -> Reading:
        memory = int((await self.info("memory"))["used_memory"])
        wal = await self.value("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
        disk = await self.value("SELECT pg_database_size(current_database())")
        return Reading(asyncio.get_running_loop().time(), self.cpu(), memory, wal, disk)


def spent(before: Mapping[str, Cpu], after: Mapping[str, Cpu], orders: float) -> dict[str, Cpu]:
    """Microseconds of CPU an order by kind of process, and their sum without the load generator as "total"."""
    each = {kind: (after[kind] - before[kind]).each(orders) for kind in after}
    return each | {"total": sum((cpu for kind, cpu in each.items() if kind != "load"), Cpu())}


def cpu_record(cpu: Mapping[str, Cpu]) -> Json:
    return {kind: {"user": round(one.user, 1), "system": round(one.system, 1)} for kind, one in cpu.items()}
