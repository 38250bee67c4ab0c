"""HTTP/1.1 as lean as it gets: connections that stay, each with one request under way."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence

Told = Callable[[int, bytes], None]  # the status (0 if the connection was lost) and the body of an answer
Address = tuple[str, int]

PATH = "/api/orders/execute"


class Connection(asyncio.Protocol):
    """`free` is called when the next request can go, `lost` when none can any more."""

    def __init__(self, free: Callable[["Connection"], None], lost: Callable[[], None]) -> None:
        self._free, self._lost = free, lost
        self._told: Told | None = None
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    @property
    def alive(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: bytes, told: Told) -> None:
        self._told = told
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        end = self._rest.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = self._rest[:end].lower()
        _, found, length = head.partition(b"content-length:")
        if len(self._rest) < (end := end + int(length.split(None, 1)[0]) if found else end):
            return
        status, body, self._rest = int(head[9:12]), self._rest[len(head):end], b""
        self._answer(status, body)
        if b"connection: close" in head:
            self.close()
        else:
            self._free(self)

    def _answer(self, status: int, body: bytes) -> None:
        told, self._told = self._told, None
        if told is not None:
            told(status, body)

    def connection_lost(self, _problem: Exception | None) -> None:
        self._transport = None
        self._answer(0, b"")
        self._lost()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Poster:
    """Posts orders over a fixed number of connections. What finds none free waits, in order. A connection that ends is opened again."""

    max_waiting = 50_000

    def __init__(self, addresses: Sequence[Address], connections: int) -> None:
        self._addresses, self._wanted = addresses, connections
        self._connections: set[Connection] = set()
        self._idle: deque[Connection] = deque()
        self._waiting: deque[tuple[bytes, Told]] = deque()
        self._openings: set[asyncio.Task[None]] = set()
        self._head = f"POST {PATH} HTTP/1.1\r\nHost: {addresses[0][0]}:{addresses[0][1]}\r\nContent-Type: application/json\r\n".encode()
        self._turn = itertools.cycle(addresses)
        self._closed = False
        self.under_way = 0

    async def __aenter__(self) -> "Poster":
        for _ in range(self._wanted):
            await self._open()
        return self

    async def __aexit__(self, *_problem: object) -> None:
        self._closed = True
        for opening in self._openings:
            opening.cancel()
        for connection in self._connections:
            connection.close()

    async def _open(self) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(self._freed, self._lost), *next(self._turn))
        self._connections = {other for other in self._connections if other.alive} | {connection}
        self._freed(connection)

    def _lost(self) -> None:
        if not self._closed:
            opening = asyncio.get_running_loop().create_task(self._open())
            self._openings.add(opening)
            opening.add_done_callback(self._openings.discard)

    @property
    def idle(self) -> bool:
        return bool(self._idle)

    def post(self, body: bytes, told: Told, fields: bytes = b"") -> None:
        """Sends an order as soon as a connection is free. `told` is always called, with status 0 if too many wait. `fields` are further header lines,
        each with its end."""
        request = b"%s%sContent-Length: %d\r\n\r\n%s" % (self._head, fields, len(body), body)
        while self._idle:
            connection = self._idle.popleft()
            if connection.alive:
                self._send(connection, request, told)
                return
        if len(self._waiting) < self.max_waiting:
            self._waiting.append((request, told))
        else:
            told(0, b"")

    def _send(self, connection: Connection, request: bytes, told: Told) -> None:
        self.under_way += 1

        def answered(status: int, body: bytes) -> None:
            self.under_way -= 1
            told(status, body)

        connection.send(request, answered)

    def _freed(self, connection: Connection) -> None:
        if self._waiting:
            self._send(connection, *self._waiting.popleft())
        else:
            self._idle.append(connection)
