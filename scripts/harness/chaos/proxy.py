"""A TCP proxy between one service process and Redis, or before one node of a cluster. On request it loses replies, stalls, delays, or cuts off who
connects from some address."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any


class _Direction:
    """One direction of a connection. Data is passed on in order: at once, later, or when the stall is over."""

    def __init__(self, link: "_Link") -> None:
        self.link, self.proxy, self.target = link, link.proxy, None
        self.waiting = deque()  # (not before, data or None for the end)
        self.timer = None

    def push(self, data: bytes | None) -> None:
        """Adds data; None is the end."""
        min_delay, max_delay = self.proxy.delay or (0.0, 0.0)
        self.waiting.append((asyncio.get_running_loop().time() + random.uniform(min_delay, max_delay), data))
        self.flush()

    def flush(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        loop = asyncio.get_running_loop()
        while self.waiting and self.target is not None and not self.link.silent:
            moment, data = self.waiting[0]
            if moment > loop.time():
                # What comes later waits behind it, so that nothing overtakes.
                self.timer = loop.call_at(moment + 0.0005, self.flush)
                return
            self.waiting.popleft()
            if data is None:
                self.target.close()
            elif not self.target.is_closing():
                self.target.write(data)


class _Link:
    """A connection from the service, or from another node, and its counterpart to Redis."""

    def __init__(self, proxy: "Proxy", client: asyncio.Transport) -> None:
        self.proxy, self.client, self.server, self.doomed, self.over = proxy, client, None, False, False
        self.up, self.down = _Direction(self), _Direction(self)
        self.down.target = client
        self.peer = client.get_extra_info("peername")[0]

    @property
    def silent(self) -> bool:
        return self.proxy.stalled or self.proxy.cuts_off(self.peer)

    def from_client(self, data: bytes) -> None:
        if self.proxy.cuts > 0 and not self.doomed and self.proxy.wanted(data):
            self.proxy.cuts -= 1
            self.proxy.lost += 1
            self.doomed = True
            # By then Redis has the request, and has probably answered it.
            asyncio.get_running_loop().call_later(0.1, self.abort)
        self.up.push(data)

    def from_server(self, data: bytes) -> None:
        if not self.doomed:
            self.down.push(data)

    def abort(self) -> None:
        self.client.abort()
        if self.server is not None:
            self.server.close()

    def flush(self) -> None:
        self.up.flush()
        self.down.flush()


class _Client(asyncio.Protocol):
    def __init__(self, proxy: "Proxy") -> None:
        self.proxy, self.link = proxy, None

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.link = _Link(self.proxy, transport)
        self.proxy.links.add(self.link)
        self.proxy.spawn(self._connect())

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Server(self.link), "127.0.0.1", self.proxy.upstream)
        except OSError:
            self.link.client.abort()

    def data_received(self, data: bytes) -> None:
        self.link.from_client(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.link.over = True
        self.link.up.push(None)
        self.proxy.forget()


class _Server(asyncio.Protocol):
    def __init__(self, link: _Link) -> None:
        self.link = link

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.link.server = self.link.up.target = transport
        self.link.up.flush()

    def data_received(self, data: bytes) -> None:
        self.link.from_server(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.link.down.push(None)


def _nobody(address: str) -> bool:
    return False


class Proxy:
    def __init__(self, port: int) -> None:
        self.port, self.upstream = port, None
        self.cuts, self.lost = 0, 0
        self.stalled, self.delay = False, None
        self.cuts_off: Callable[[str], bool] = _nobody  # whether nothing passes to and from that address
        self.links = set()
        self._server, self._tasks = None, set()

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Client(self), "127.0.0.1", self.port)

    def wanted(self, data: bytes) -> bool:
        """Whether the reply is worth losing. Only replies to scripts are: scripts are what writes."""
        return b"EVALSHA" in data

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def heal(self) -> None:
        """Ends what is done to all links. Who is cut off stays so."""
        self.cuts, self.stalled, self.delay = 0, False, None
        self._pass_on()

    def reconnect(self) -> None:
        """Lets what was held back pass, as a network does that works again."""
        self.cuts_off = _nobody
        self._pass_on()

    def _pass_on(self) -> None:
        for link in list(self.links):
            link.flush()
        self.forget()

    def forget(self) -> None:
        """Drops links that are over. It keeps silent ones, because what they sent is still on its way, as on a network."""
        self.links = {link for link in self.links if not link.over or link.silent}

    def drop(self) -> None:
        """Ends every connection at once, as a network does that resets them."""
        for link in list(self.links):
            link.abort()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop()
