"""A TCP proxy between one service process and Redis, which loses replies, stalls or delays when it is told to."""

import asyncio
import random


class _Direction:
    """One way of a connection: what comes is passed on in order, at once, later, or when the stall is over."""

    def __init__(self, proxy):
        self.proxy, self.held, self.target, self.ended, self.clear_at = proxy, [], None, False, 0.0

    def push(self, data):
        self.held.append(data)
        self.flush()

    def end(self):
        self.ended = True
        self.flush()

    def flush(self):
        if self.target is None or self.proxy.stalled or not (self.held or self.ended):
            return
        loop = asyncio.get_running_loop()
        if self.proxy.delay is None and self.clear_at <= loop.time():
            self._write(b"".join(self.held), self.ended)
        else:
            # later data must not overtake what is still on its way
            least, most = self.proxy.delay or (0.0, 0.0)
            self.clear_at = max(self.clear_at, loop.time() + random.uniform(least, most))
            loop.call_at(self.clear_at + 0.0005, self._write, b"".join(self.held), self.ended)
        self.held = []

    def _write(self, data, end):
        if data and not self.target.is_closing():
            self.target.write(data)
        if end:
            self.target.close()


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
        self.link.up.end()
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
        self.link.down.end()


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
