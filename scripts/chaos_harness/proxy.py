"""A TCP proxy between one service process and Redis, which loses replies, stalls or delays when it is told to."""

import asyncio
import random
from collections import deque


class _Direction:
    """One way of a connection: what comes is passed on in order, at once, later, or when the stall is over."""

    def __init__(self, proxy):
        self.proxy, self.target = proxy, None
        self.waiting = deque()  # (not before, data or None for the end)
        self.timer = None

    def push(self, data):
        """`data` is None at the end."""
        least, most = self.proxy.delay or (0.0, 0.0)
        self.waiting.append((asyncio.get_running_loop().time() + random.uniform(least, most), data))
        self.flush()

    def flush(self):
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        loop = asyncio.get_running_loop()
        while self.waiting and self.target is not None and not self.proxy.stalled:
            moment, data = self.waiting[0]
            if moment > loop.time():
                # what comes later waits behind it, so nothing overtakes
                self.timer = loop.call_at(moment + 0.0005, self.flush)
                return
            self.waiting.popleft()
            if data is None:
                self.target.close()
            elif not self.target.is_closing():
                self.target.write(data)


class _Link:
    """A connection of the service and its twin to Redis."""

    def __init__(self, proxy, client):
        self.proxy, self.client, self.server, self.doomed, self.over = proxy, client, None, False, False
        self.up, self.down = _Direction(proxy), _Direction(proxy)
        self.down.target = client

    def from_client(self, data):
        if self.proxy.cuts > 0 and not self.doomed and self.proxy.wanted(data):
            self.proxy.cuts -= 1
            self.proxy.lost += 1
            self.doomed = True
            # Redis has the request by then, and has answered it in all likelihood
            asyncio.get_running_loop().call_later(0.1, self.abort)
        self.up.push(data)

    def from_server(self, data):
        if not self.doomed:
            self.down.push(data)

    def abort(self):
        self.client.abort()
        if self.server is not None:
            self.server.close()

    def flush(self):
        self.up.flush()
        self.down.flush()


class _Client(asyncio.Protocol):
    def __init__(self, proxy):
        self.proxy, self.link = proxy, None

    def connection_made(self, transport):
        self.link = _Link(self.proxy, transport)
        self.proxy.links.add(self.link)
        self.proxy.spawn(self._connect())

    async def _connect(self):
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Server(self.link), "127.0.0.1", self.proxy.upstream)
        except OSError:
            self.link.client.abort()

    def data_received(self, data):
        self.link.from_client(data)

    def connection_lost(self, error):
        self.link.over = True
        self.link.up.push(None)
        self.proxy.forget()


class _Server(asyncio.Protocol):
    def __init__(self, link):
        self.link = link

    def connection_made(self, transport):
        self.link.server = self.link.up.target = transport
        self.link.up.flush()

    def data_received(self, data):
        self.link.from_server(data)

    def connection_lost(self, error):
        self.link.down.push(None)


class Proxy:
    def __init__(self, port):
        self.port, self.upstream = port, None
        self.cuts, self.lost = 0, 0
        self.stalled, self.delay = False, None
        self.links = set()
        self._server, self._tasks = None, set()

    async def start(self):
        self._server = await asyncio.get_running_loop().create_server(lambda: _Client(self), "127.0.0.1", self.port)

    def wanted(self, data):
        """Only replies to scripts are worth losing: they are what has written something."""
        return b"EVALSHA" in data

    def spawn(self, work):
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def heal(self):
        self.cuts, self.stalled, self.delay = 0, False, None
        for link in list(self.links):
            link.flush()
        self.forget()

    def forget(self):
        """Drops links that are over; during a stall what they sent is still on its way, as it would be on a network."""
        if not self.stalled:
            self.links = {link for link in self.links if not link.over}

    def close(self):
        if self._server is not None:
            self._server.close()
        for link in list(self.links):
            link.abort()
