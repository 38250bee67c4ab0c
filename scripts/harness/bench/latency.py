"""From POST to `confirmed` on a socket, on a fixed schedule. What is late to be sent is late: there is no coordinated omission."""

import asyncio
import json
import time
from collections.abc import Callable

from harness.http_client import Json

from . import order_sockets, report
from .engine import Engine, engine
from .http_load import Poster
from .load import Bodies, OpenLoop, no_collector, run
from .options import Options
from .peer import peer
from .samples import Spread, spread
from .sockets import Socket

CONNECTIONS = 256
DRAIN = 30.0  # seconds that orders have to end after the last was sent


def measure(options: Options, say: Callable[[str], None]) -> list[Json]:
    """One record for each rate and appendfsync, and one each of the engine and the peer with a socket for each order."""
    records = []
    for sync in options.syncs:
        with engine(sync, options.replicas[0], options.edge) as subject:
            seconds = sum(seconds for _, seconds in options.scale.rates)
            found = run(_rates(subject, options), seconds + len(options.scale.rates) * (DRAIN + 10))
            found.append({"sockets": "engine"} | run(order_sockets.idle(subject, options.scale.idle), options.scale.idle + 60))
        if options.peer:
            with peer(sync) as subject:
                found.append({"sockets": "peer"} | run(order_sockets.idle(subject, options.scale.idle), options.scale.idle + 60))
        for record in found:
            records.append({"appendfsync": sync} | record)
            say(f"{report.latency_name(records[-1])}: p50 {record['confirmed']['p50']} ms, p99 {record['confirmed']['p99']} ms")
    return records


async def _rates(subject: Engine, options: Options) -> list[Json]:
    async with subject, Poster(subject.posts, CONNECTIONS) as poster:
        await _Trial(subject, poster, "warm-up").run(50, 2)
        return [await _Trial(subject, poster, f"rate-{rate:g}").run(rate, seconds) for rate, seconds in options.scale.rates]


class _Trial:
    """One rate. One socket hears all orders of a user; all times are those of time.monotonic."""

    def __init__(self, subject: Engine, poster: Poster, user: str) -> None:
        self._address, self._poster, self._user = subject.streams[0], poster, user
        self._bodies = Bodies(user)
        self._due: dict[str, float] = {}  # by order, when it was due
        self._ended: dict[str, float] = {}  # by order, when its last event came
        self._accepted: list[float] = []  # seconds from due to 202
        self._late: list[float] = []  # seconds from due to sent
        self._refused: list[str] = []
        self._failed: list[str] = []
        self._subscribed = asyncio.Event()

    async def run(self, rate: float, seconds: float) -> Json:
        socket = await Socket.open(self._address, "/v1/stream", self._heard)
        socket.say({"op": "subscribe", "userId": self._user})
        async with asyncio.timeout(10):
            await self._subscribed.wait()
        with no_collector():
            loop = OpenLoop(rate, seconds, self._send)
            start = time.monotonic()
            loop.start()
            await loop.ended.wait()
            complete = await self._all_ended(loop.count)
        socket.close()
        assert not socket.problem, f"the socket was {socket.problem}"
        assert not self._failed, f"{len(self._failed)} orders have failed: {self._failed[0]}"
        lost = 0 if complete else loop.count - len(self._refused) - len(self._ended)
        return self._record(loop, rate, start) | {"refused": len(self._refused), "unfinished": lost}

    def _send(self, due: float) -> None:
        self._late.append(time.monotonic() - due)

        def told(status: int, body: bytes) -> None:
            if status != 202:
                self._refused.append(f"{status} {body[:300]!r}")
                return
            self._accepted.append(time.monotonic() - due)
            self._due[json.loads(body)["orderId"]] = due

        self._poster.post(self._bodies.next(), told)

    def _heard(self, message: bytes) -> None:
        if b'"op":"subscribed"' in message[:30]:
            self._subscribed.set()
        elif b'"type":"confirmed"' in message:
            self._ended[_order_of(message)] = time.monotonic()
        elif b'"type":"failed"' in message:
            self._failed.append(message.decode())

    async def _all_ended(self, count: int) -> bool:
        deadline = time.monotonic() + DRAIN
        while min(len(self._ended), len(self._due)) + len(self._refused) + len(self._failed) < count:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    def _record(self, loop: OpenLoop, rate: float, start: float) -> Json:
        ended = [(self._ended[order], due) for order, due in self._due.items() if order in self._ended]
        assert ended, f"no order was confirmed: {self._refused[:1]}"
        achieved = len(ended) / max(max(at for at, _ in ended) - start, loop.seconds)
        return {
            "rate": rate, "achieved": round(achieved, 1), "confirmed": _spread([at - due for at, due in ended]).record(),
            "accepted": _spread(self._accepted).record(), "sentLate": _spread(self._late).record()}


def _spread(seconds: list[float]) -> Spread:
    found = spread(seconds)
    assert found is not None, "there are no samples"
    return found


def _order_of(message: bytes) -> str:
    at = message.index(b'"orderId":"') + 11
    return message[at:at + 36].decode()
