"""The peer: the same job on FastAPI, BullMQ and asyncpg, with servers that are set as those of the engine are."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from harness.http_client import answers
from harness.private import scratch, until
from harness.runner.directory import RunDirectory
from harness.runner.ports import Reservation
from harness.runner.processes import end, spawn
from harness.runner.servers import Postgres, Redis
from harness.runner.settings import ROOT

from .subject import Subject

FOLDER = ROOT / "Benchmarks/peer"
# The queue's lists of jobs that wait and of jobs that a worker has.
QUEUE = ("bull:orders:wait", "bull:orders:active")


class Peer(Subject):
    name = "peer"
    max_window = 200  # four times what the worker has in hand

    def __init__(self, redis_port: int, database_url: str, api_port: int, processes: dict[str, list[int]]) -> None:
        super().__init__(redis_port, database_url)
        self.processes = processes
        self.posts = self.streams = [("127.0.0.1", api_port)]

    async def backlog(self) -> float:
        return sum([await self.redis.once("LLEN", key) for key in QUEUE])

    async def calibrate(self) -> None:
        """An order is one job of the queue: there is nothing to learn."""

    async def confirmed(self) -> int:
        return await self.value("SELECT count(*) FROM orders WHERE status = 'confirmed'")


@contextmanager
def _sync(sync: str) -> Iterator[None]:
    """Redis' appendfsync, where `Redis.prepare` reads it."""
    before = os.environ.get("REDIS_APPENDFSYNC")
    os.environ["REDIS_APPENDFSYNC"] = sync
    try:
        yield
    finally:
        os.environ["REDIS_APPENDFSYNC"] = before or ""


async def _make_tables(url: str) -> None:
    database = await asyncpg.connect(url, timeout=10)
    try:
        await database.execute((FOLDER / "schema.sql").read_text(encoding="utf-8"))
    finally:
        await database.close(timeout=5)


class _Running:
    """The peer's processes in a run directory of their own."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, sync: str) -> Peer:
        self.run.create()
        reservation = Reservation(3)
        try:
            redis, postgres = Redis(self.run, reservation.ports[0]), Postgres(self.run, reservation.ports[1])
            port = reservation.ports[2]
            with _sync(sync):
                redis.prepare()
            postgres.prepare()
            for server in (redis, postgres):
                self.children[server.name] = server.start()
            for server in (redis, postgres):
                until(server.healthy, f"the peer's {server.name} was not healthy")
            asyncio.run(_make_tables(postgres.url()))
            self._services(port, os.environ | {"REDIS_URL": f"redis://127.0.0.1:{redis.port}", "DATABASE_URL": postgres.url()})
        finally:
            reservation.release()
        names = {"redis": "redis-1", "postgres": "postgres-1", "api": "api", "worker": "worker"}
        return Peer(redis.port, postgres.url(), port, {kind: [self.children[name].pid] for kind, name in names.items()})

    def _services(self, port: int, environment: dict[str, str]) -> None:
        api = ["-m", "uvicorn", "api:app", "--port", str(port), "--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "65"]
        for name, words in (("api", api), ("worker", ["worker.py"])):
            self.children[name] = spawn([sys.executable, *words], self.run.log(name), environment, cwd=FOLDER)
        until(lambda: answers(f"http://127.0.0.1:{port}/health"), f"the peer's API was not healthy: {self.run.last_lines('api')}")
        time.sleep(0.5)
        ended = [name for name, child in self.children.items() if child.poll() is not None]
        assert not ended, f"the peer's {ended[0]} has ended: {self.run.last_lines(ended[0])}"

    def stop(self) -> None:
        for name, child in reversed(self.children.items()):
            end([child.pid], signal.SIGINT if name == Postgres.name else signal.SIGTERM, 10)
            child.wait()


@contextmanager
def peer(sync: str) -> Iterator[Peer]:
    """Starts a peer, lends it, and removes all of it. `sync`: Redis' appendfsync."""
    with scratch() as folder:
        running = _Running(RunDirectory(folder / "run"))
        try:
            yield running.start(sync)
        finally:
            running.stop()
            Postgres(running.run, 0).discard()
