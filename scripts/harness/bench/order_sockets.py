"""From POST to `confirmed` where each order has a socket of its own, at `/ws/orders/{id}`: the engine and the peer have both."""

import asyncio
import json
import time

from harness.http_client import Json

from .http_load import Poster
from .load import Bodies, OpenLoop, no_collector
from .samples import spread
from .sockets import Socket
from .subject import Subject

RATE = 10.0  # orders a second: each of them has the system to itself
DRAIN = 15.0  # seconds


async def idle(subject: Subject, seconds: float) -> Json:
    async with subject, Poster(subject.posts, 8) as poster:
        await _Trial(subject, poster).run(2)
        return await _Trial(subject, poster).run(seconds)


class _Trial:
    def __init__(self, subject: Subject, poster: Poster) -> None:
        self._address, self._poster = subject.streams[0], poster
        self._bodies = Bodies()
        self._seconds: list[float] = []  # from due to confirmed
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: list[str] = []

    async def run(self, seconds: float) -> Json:
        with no_collector():
            loop = OpenLoop(RATE, seconds, self._send)
            loop.start()
            await loop.ended.wait()
            deadline = time.monotonic() + DRAIN
            while len(self._seconds) + len(self._failed) < loop.count and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
        found = spread(self._seconds)
        assert found is not None and found.count == loop.count, f"{len(self._seconds)} of {loop.count} orders were confirmed: {self._failed[:3]}"
        return {"rate": RATE, "achieved": RATE, "confirmed": found.record(), "refused": 0, "unfinished": 0}

    def _send(self, due: float) -> None:
        def told(status: int, body: bytes) -> None:
            if status != 202:
                self._failed.append(f"{status} {body[:200]!r}")
                return
            task = asyncio.create_task(self._follow(json.loads(body)["orderId"], due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._poster.post(self._bodies.next(), told)

    async def _follow(self, order: str, due: float) -> None:
        ended = asyncio.Event()

        def heard(message: bytes) -> None:
            if b'"confirmed"' in message and not ended.is_set():
                self._seconds.append(time.monotonic() - due)
                ended.set()

        try:
            socket = await Socket.open(self._address, f"/ws/orders/{order}", heard)
            async with asyncio.timeout(DRAIN):
                await ended.wait()
            socket.close()
        except (OSError, TimeoutError, RuntimeError) as problem:
            self._failed.append(f"{type(problem).__name__}: {problem}")
