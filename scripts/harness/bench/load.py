"""The two kinds of load: as much as goes while a bounded number of orders is under way, and a fixed schedule whatever the answers."""

import asyncio
import gc
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

import uvloop

from .http_load import Poster
from .subject import Subject

Result = TypeVar("Result")

CONNECTIONS = 64
POLL = 0.02  # seconds
FIRST = 50  # orders that go before all others


def run(work: Coroutine[None, None, Result], limit: float) -> Result:
    """Runs the work on a loop of its own. Raises TimeoutError after `limit` seconds."""

    async def bounded() -> Result:
        async with asyncio.timeout(limit):
            return await work

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(bounded())


class Bodies:
    """Orders that all differ in their amount."""

    def __init__(self, user: str = "") -> None:
        self._rest = (f',"userId":"{user}"' if user else "") + "}"
        self._count = 0

    def next(self) -> bytes:
        self._count += 1
        return f'{{"tokenIn":"SOL","tokenOut":"USDC","amount":{1 + self._count / 1e6:.6f},"slippage":0.05{self._rest}'.encode()


class ClosedLoop:
    """Keeps about `window` orders under way, so that the backlog stays flat at the highest rate that the system keeps up with."""

    def __init__(self, subject: Subject, poster: Poster, window: int) -> None:
        self.subject, self.window = subject, window
        self.accepted = 0
        self.refused: Counter[int] = Counter()  # by status
        self.backlogs: list[float] = []
        self.appended = 0  # bytes that Redis has added to its append-only file
        self._poster, self._bodies = poster, Bodies()
        self._fields = "".join(f"{name}: {value}\r\n" for name, value in subject.headers.items()).encode()
        self._permits = 0
        self._file_size = 0

    async def __aenter__(self) -> "ClosedLoop":
        self._file_size = await self._size()
        for _ in range(FIRST):
            self._poster.post(self._bodies.next(), self._told, self._fields)
        await self._settle(20)
        await self.subject.calibrate()
        self._task = asyncio.create_task(self._steer())
        return self

    async def __aexit__(self, *_problem: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def finished(self) -> float:
        return self.accepted - await self.subject.backlog()

    async def for_seconds(self, seconds: float) -> None:
        """Lets the load go on. Raises what has stopped it."""
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        for task in done:
            task.result()

    async def drain(self, seconds: float) -> None:
        """Sends nothing more, and waits until Postgres has every order that was accepted, confirmed. Raises AssertionError if that takes too long."""
        self.window = 0
        await self._settle(seconds)
        self._task.cancel()
        confirmed = await self.subject.confirmed()
        assert confirmed == self.accepted and not self.refused, f"{self.accepted} accepted, {confirmed} confirmed, refused: {dict(self.refused)}"

    async def _settle(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._poster.under_way or await self.subject.backlog() or await self.subject.confirmed() < self.accepted:
            assert time.monotonic() < deadline, f"{self.accepted} accepted, {await self.subject.confirmed()} confirmed after {seconds:g} s"
            await asyncio.sleep(0.1)

    async def _steer(self) -> None:
        turn = 0
        while True:
            assert self.refused.total() < 1000, f"refused: {dict(self.refused)}"
            backlog = await self.subject.backlog()
            self.backlogs.append(backlog)
            self._permits = max(0, int(self.window - backlog - self._poster.under_way))
            self._pump()
            if turn % 5 == 0:
                await self._watch_file()
            turn += 1
            await asyncio.sleep(POLL)

    async def _watch_file(self) -> None:
        """Redis makes the file short again from time to time, so its growth is added up."""
        size, before = await self._size(), self._file_size
        self.appended += max(0, size - before)
        self._file_size = size

    async def _size(self) -> int:
        return int((await self.subject.info("persistence"))["aof_current_size"])

    def _pump(self) -> None:
        while self._permits > 0 and self._poster.idle:
            self._permits -= 1
            self._poster.post(self._bodies.next(), self._told, self._fields)

    def _told(self, status: int, _body: bytes) -> None:
        if status == 202:
            self.accepted += 1
        else:
            self.refused[status] += 1
        # Its connection is free in the next turn of the loop.
        asyncio.get_running_loop().call_soon(self._pump)


def due_times(rate: float, seconds: float, seed: int = 7) -> Iterator[float]:
    """Seconds from the start at which orders are due: at random (Poisson), the same in every run; evenly below 10 orders a second."""
    draw, due = random.Random(seed), 0.0
    for _ in range(int(rate * seconds)):
        due += 1 / rate if rate < 10 else draw.expovariate(rate)
        yield due


class OpenLoop(threading.Thread):
    """Calls `send` on the loop for each order when it is due, with the time (of time.monotonic) at which it was due.

    A thread, because the timers of a loop are late by up to a millisecond."""

    def __init__(self, rate: float, seconds: float, send: Callable[[float], None]) -> None:
        super().__init__(daemon=True)
        self._due, self._send = list(due_times(rate, seconds)), send
        self._loop = asyncio.get_running_loop()
        self.seconds = self._due[-1]
        self.count = len(self._due)
        self.ended = asyncio.Event()
        self._stopped = False

    def stop(self) -> None:
        """Sends nothing more."""
        self._stopped = True

    def run(self) -> None:
        start = time.monotonic()
        for due in self._due:
            if self._stopped:
                break
            if (wait := start + due - time.monotonic()) > 0:
                time.sleep(wait)
            self._loop.call_soon_threadsafe(self._send, start + due)
        self._loop.call_soon_threadsafe(self.ended.set)


@contextmanager
def no_collector() -> Iterator[None]:
    """Python's collector of garbage would stop the load for some milliseconds now and then."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
