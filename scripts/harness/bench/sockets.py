"""WebSocket clients by the ten thousand: no more of RFC 6455 than a server's text frames need."""

import asyncio
import base64
import json
from collections.abc import Callable

from harness.http_client import Json

from .http_load import Address

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class SocketProblem(RuntimeError):
    """The server has refused or closed a socket."""


class Socket(asyncio.Protocol):
    """`told` is called with the bytes of each text message."""

    def __init__(self, told: Callable[[bytes], None]) -> None:
        self.told = told
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.problem = ""  # why it is closed
        self._closing = False
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    @staticmethod
    async def open(address: Address, path: str, told: Callable[[bytes], None]) -> "Socket":
        """Connects. Raises SocketProblem if the upgrade is refused, TimeoutError after 30 s."""
        async with asyncio.timeout(30):
            _, socket = await asyncio.get_running_loop().create_connection(lambda: Socket(told), *address)
            key = base64.b64encode(b"sixteen bytes...").decode()
            socket._transport.write((
                f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
            await socket.opened
        return socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _problem: Exception | None) -> None:
        if not self._closing:
            self.problem = self.problem or "the connection was lost"
        if not self.opened.done():
            self.opened.set_exception(SocketProblem(self.problem))

    def say(self, value: Json) -> None:
        self._send(TEXT, json.dumps(value).encode())

    def _send(self, kind: int, data: bytes) -> None:
        """A short frame. Its mask of zeros leaves the bytes as they are."""
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + len(data).to_bytes(2, "big")
        self._transport.write(bytes([0x80 | kind]) + size + bytes(4) + data)

    def close(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self.opened.done():
            head = data.find(b"\r\n\r\n")
            if head < 0:
                self._rest = data
                return
            if data[9:12] != b"101":
                self.opened.set_exception(SocketProblem(data[:200].decode("latin-1")))
                return
            self.opened.set_result(None)
            data = data[head + 4:]
        self._rest = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        """Hands on each whole frame. Returns what is left."""
        at, total = 0, len(data)
        while total - at >= 2:
            size, begin = data[at + 1], at + 2
            if size > 125:
                begin = at + (4 if size == 126 else 10)
                size = int.from_bytes(data[at + 2:begin], "big")
            if total < begin + size:
                break
            kind = data[at] & 15
            if kind == TEXT:
                self.told(data[begin:begin + size])
            else:
                self._control(kind, data[begin:begin + size])
            at = begin + size
        return data[at:]

    def _control(self, kind: int, data: bytes) -> None:
        if kind == PING:
            self._send(PONG, data)
        elif kind == CLOSE:
            self.problem = f"closed with {int.from_bytes(data[:2], 'big')} {data[2:].decode('utf-8', 'replace')}"
            self._transport.close()
