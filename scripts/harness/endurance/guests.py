"""What comes to an engine besides orders: bad input, sockets of every dialect that come and go, slow readers, lists, event streams."""

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from harness.chaos.world import World
from harness.http_client import Body, Lost, request

PASSING = (429, 502, 503)  # while something is broken or busy
ORDER = '{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}'
JSON = {"Content-Type": "application/json"}
SOCKETS = ("/api/orders/execute?orderId={}", "/api/orders/status/{}", "/ws/orders/{}", "/api/orders/status", "/v1/stream?orderId={}&after=0")
LISTS = (
    "/api/orders?limit=100", "/api/orders?limit=20&view=summary&status=confirmed", "/api/orders/{}", "/api/orders/{}/events", "/api/orders/status/{}",
    "/api/tokens", "/api/pools", "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=2", "/", "/health")
GONE = (OSError, EOFError, TimeoutError, ConnectionClosed, InvalidHandshake, InvalidMessage)

Guest = Callable[[], Awaitable[None]]


class Guests:
    """Each guest does one thing after the other until the load ends."""

    def __init__(self, world: World, base: str, headers: dict[str, str]) -> None:
        self.world, self.base, self.headers = world, base, headers
        self.chance = random.Random(f"{world.options.seed}/guests")
        self.tally: Counter[str] = Counter()
        parts = urlsplit(base)
        self._address = (parts.hostname, parts.port)

    async def stay(self) -> None:
        guests: list[tuple[Guest, float]] = [
            (self._bad_request, 0.2), (self._half_request, 1), (self._socket, 0.2), (self._passing_socket, 0.3), (self._slow_reader, 2),
            (self._slow_reader, 3), (self._stream, 0.5), (self._list, 0.3)]
        await asyncio.gather(*(self._again(guest, pause) for guest, pause in guests))

    async def _again(self, guest: Guest, pause: float) -> None:
        while self.world.loading:
            with contextlib.suppress(Lost, *GONE):
                await guest()
            self.tally[guest.__name__.strip("_").replace("_", " ")] += 1
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) * pause)

    def _order(self) -> str:
        """One of the newest orders."""
        known = [submission.id for submission in self.world.clients.submissions[-50:] if submission.id]
        return self.chance.choice(known) if known else "00000000-0000-7000-8000-000000000000"

    # Requests

    async def _bad_request(self) -> None:
        cases: list[tuple[str, str, Body, dict[str, str], Collection[int]]] = [
            ("POST", "/api/orders/execute", '{"tokenIn":"SOL",', self.headers | JSON, (400,)),
            ("POST", "/api/orders/execute", '{"tokenIn":"SOL","tokenOut":"USDC","amount":-1}', self.headers | JSON, (400,)),
            ("POST", "/api/orders/execute", b"\xff\xfe\x00", self.headers | JSON, (400,)),
            ("POST", "/api/orders/execute", ORDER, self.headers | {"Content-Type": "text/plain"}, (415,)),
            ("POST", "/api/orders/execute", '{"tokenIn":"' + "S" * 20_000 + '"}', self.headers | JSON, (413,)),
            ("POST", "/api/orders/execute", "x" * 100_000, self.headers | JSON, (413,)),
            ("POST", "/api/orders/execute", ORDER, JSON, (401,)),
            ("POST", "/api/orders/execute", ORDER, {"Authorization": f"Bearer oek_{'0' * 64}"} | JSON, (401,)),
            ("GET", "/api/orders", None, {"X-API-Key": "oek_wrong"}, (401,)),
            ("GET", f"/api/{self.chance.randrange(1_000_000)}", None, self.headers, (404,)),
            ("GET", f"/api/orders/{self.chance.randrange(1_000_000)}", None, self.headers, (400, 404)),
            ("DELETE", "/api/tokens", None, self.headers, (405,)),
            ("POST", "/api/door/pause", "{}", self.headers | JSON, (403,)),
            ("GET", "/v1/stream", None, self.headers, (400, 426)),
            ("GET", "/api/orders?limit=0", None, self.headers, (400,)),
        ]
        method, path, body, headers, wanted = self.chance.choice(cases)
        answer = await request(self.base + path, method, body, headers, timeout=5)
        if answer.status not in (*wanted, *PASSING):
            self.world.violation(f"{method} {path}: {answer.status} {answer.text[:200]} where {wanted} was expected")

    async def _half_request(self) -> None:
        """Begins a request, and goes away or falls silent for a while."""
        whole = f"POST /api/orders/execute HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\nContent-Type: application/json\r\n\r\n{ORDER}".encode()
        _, writer = await asyncio.open_connection(*self._address)
        try:
            writer.write(whole[:self.chance.randrange(1, len(whole))])
            await asyncio.sleep(self.chance.choice((0, 0.5, 12)))
        finally:
            writer.transport.abort()

    async def _list(self) -> None:
        path = self.chance.choice(LISTS).format(self._order())
        answer = await request(self.base + path, headers=self.headers, timeout=10)
        if answer.status not in (200, 404, *PASSING):
            self.world.violation(f"GET {path}: {answer.status} {answer.text[:200]}")

    async def _stream(self) -> None:
        """Follows an order by server-sent events, to its end or for a moment."""
        headers = self.headers | {"Accept": "text/event-stream"}
        await request(f"{self.base}/api/orders/{self._order()}/events", headers=headers, timeout=self.chance.choice((0.3, 20)))

    # Sockets

    async def _socket(self) -> None:
        """Hears an order to its end in one of the dialects."""
        path, order = self.chance.choice(SOCKETS), self._order()
        async with asyncio.timeout(30), self._connect(path.format(order)) as socket:
            if path == "/api/orders/status":
                await socket.send(json.dumps({"order_id": order}))
            while True:
                await socket.recv()

    async def _passing_socket(self) -> None:
        """Comes, says something good or bad, and goes, with or without a goodbye."""
        words = (json.dumps({"op": "subscribe", "orderId": self._order()}), '{"op":"subscribe"', "x" * 5000, '{"op":"ping"}', '{"op":"unsubscribe"}')
        async with self._connect("/v1/stream") as socket:
            await socket.send(self.chance.choice(words))
            await asyncio.sleep(self.chance.uniform(0, 1))
            if self.chance.random() < 0.5:
                socket.transport.abort()

    async def _slow_reader(self) -> None:
        """Asks for many orders and reads nothing for some time."""
        orders = [submission.id for submission in self.world.clients.submissions[-60:] if submission.id]
        async with asyncio.timeout(40), self._connect("/v1/stream") as socket:
            for order in orders:
                await socket.send(json.dumps({"op": "subscribe", "orderId": order}))
            socket.transport.pause_reading()
            await asyncio.sleep(self.chance.uniform(2, 20))
            socket.transport.abort()

    def _connect(self, path: str) -> connect:
        return connect(
            f"ws{self.base.removeprefix('http')}{path}", open_timeout=10, close_timeout=1, ping_interval=None, compression=None, proxy=None,
            additional_headers=self.headers)
