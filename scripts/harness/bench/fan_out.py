"""Thousands of sockets: how fast they connect, what they hold, and how fast all of them are told of an order."""

import asyncio
import time
from collections.abc import Callable

from harness.http_client import Json

from .engine import Engine, engine
from .http_load import Poster
from .load import Bodies, no_collector, run
from .options import Options
from .processor import own, resident
from .sockets import Socket

AT_ONCE = 64  # sockets that connect at the same time
USER = "everybody"


def measure(options: Options, say: Callable[[str], None]) -> list[Json]:
    """One record for each number of sockets."""
    records = []
    for count, orders in options.scale.sockets:
        with engine(options.syncs[0], options.replicas[0], options.edge) as subject:
            record = run(_trial(subject, count, orders), 180)
        records.append(record)
        say(f"{count} sockets: {record['idleBytes']} bytes each, {record['messagesPerSecond']} messages/s")
    return records


async def _trial(subject: Engine, count: int, orders: int) -> Json:
    async with subject, Poster(subject.posts, 4) as poster:
        crowd = _Crowd(subject, count)
        await crowd.warm_up(poster)
        try:
            return {"sockets": count} | await crowd.connect() | await crowd.subscribe() | await crowd.follow(poster, orders)
        finally:
            crowd.close()


class _Crowd:
    def __init__(self, subject: Engine, count: int) -> None:
        self._subject, self._count = subject, count
        self._sockets: list[Socket] = []
        self._subscribed = self._messages = self._confirmed = 0
        self._first = self._last = 0.0  # when the first and the last message came

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()

    def _memory(self) -> int:
        return resident(self._subject.processes["notifier"])

    async def warm_up(self, poster: Poster) -> None:
        """A few sockets and orders, so that what the notifiers need once does not count as the sockets'."""
        few = _Crowd(self._subject, 20)
        await few.connect()
        await few.subscribe()
        await few.follow(poster, 3)
        few.close()
        await asyncio.sleep(1)

    async def connect(self) -> Json:
        before, used, start = self._memory(), self._subject.cpu()["notifier"], time.monotonic()
        lanes = [self._lane(range(lane, self._count, AT_ONCE)) for lane in range(AT_ONCE)]
        await asyncio.gather(*lanes)
        seconds, used = time.monotonic() - start, self._subject.cpu()["notifier"] - used
        await asyncio.sleep(1)
        return {
            "connectsPerSecond": round(self._count / seconds), "cpuConnect": round(used.total / self._count, 1),
            "idleBytes": round((self._memory() - before) / self._count)}

    async def _lane(self, numbers: range) -> None:
        streams = self._subject.streams
        for number in numbers:
            self._sockets.append(await Socket.open(streams[number % len(streams)], "/v1/stream", self._heard))

    async def subscribe(self) -> Json:
        before = self._memory()
        for number, socket in enumerate(self._sockets):
            socket.say({"op": "subscribe", "userId": USER})
            if number % 200 == 199:
                await asyncio.sleep(0.02)
        await self._until(lambda: self._subscribed == self._count, 60, "subscribed")
        return {"subscriptionBytes": round((self._memory() - before) / self._count)}

    async def follow(self, poster: Poster, orders: int) -> Json:
        """Places orders of the user that all sockets follow, and waits until each of them has heard each order's end."""
        answers, bodies, before, load = [], Bodies(USER), self._subject.cpu(), own()
        with no_collector():
            for _ in range(orders):
                poster.post(bodies.next(), lambda status, _body: answers.append(status))
            await self._until(lambda: self._confirmed == self._count * orders, 90, "confirmed")
        assert answers == [202] * orders, f"the answers were {answers}"
        used = self._subject.cpu()["notifier"] - before["notifier"]
        return {
            "orders": orders, "messages": self._messages, "messagesPerSecond": round(self._messages / max(1e-3, self._last - self._first)),
            "cpuMessage": round(used.total / self._messages, 2), "cpuMessageLoad": round((own() - load).total / self._messages, 2)}

    def _heard(self, message: bytes) -> None:
        if b'"op":"subscribed"' in message[:30]:
            self._subscribed += 1
            return
        self._last = time.monotonic()
        self._first = self._first or self._last
        self._messages += 1
        if b'"type":"confirmed"' in message:
            self._confirmed += 1

    async def _until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            problems = {socket.problem for socket in self._sockets if socket.problem}
            assert not problems, f"sockets: {problems}"
            assert time.monotonic() < deadline, f"{self._subscribed} subscribed, {self._confirmed} confirmed; not all {what} within {seconds:g} s"
            await asyncio.sleep(0.05)
