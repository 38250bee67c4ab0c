"""A small asynchronous client of Redis (RESP2): one connection, one command after the other."""

import asyncio
from collections.abc import Sequence
from typing import Any

from .http_client import Json

Word = str | bytes | int | float  # a word of a command
Reply = bytes | int | list[Any] | None


class RedisProblem(Exception):
    """Redis answered with an error."""


class Redis:
    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.port, self.host = port, host
        self._lock = asyncio.Lock()
        self._streams = None

    async def once(self, *arguments: Word, timeout: float = 10) -> Reply:
        """Runs one command. Raises OSError or TimeoutError if the answer is not known."""
        async with self._lock:
            try:
                async with asyncio.timeout(timeout):
                    if self._streams is None:
                        self._streams = await asyncio.open_connection(self.host, self.port)
                    self._streams[1].write(_encode(arguments))
                    return await self._reply()
            except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
                self.close()
                raise

    async def __call__(self, *arguments: Word, seconds: float = 60) -> Reply:
        """Runs a command that may run twice. Repeats it while Redis is away."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            try:
                return await self.once(*arguments)
            except RedisProblem as problem:
                if not str(problem).startswith(("LOADING", "BUSY", "MISCONF", "OOM")) or loop.time() > deadline:
                    raise
            except (OSError, EOFError, TimeoutError):
                if loop.time() > deadline:
                    raise
            await asyncio.sleep(0.1)

    async def script(self, text: str, keys: Sequence[str] = (), arguments: Sequence[Word] = (), seconds: float = 60) -> Reply:
        return await self("EVAL", text, len(keys), *keys, *arguments, seconds=seconds)

    async def flush(self) -> None:
        """Removes everything."""
        await self("FLUSHALL")

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _reply(self) -> Reply:
        reader = self._streams[0]
        line = await reader.readuntil(b"\r\n")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisProblem(rest.decode("utf-8", "replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else (await reader.readexactly(int(rest) + 2))[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [await self._reply() for _ in range(int(rest))]
        raise RedisProblem(f"unreadable reply {line!r}")


def _encode(arguments: tuple[Word, ...]) -> bytes:
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


async def command(port: int, *arguments: Word, timeout: float = 10) -> Reply:
    """Runs one command over a connection of its own."""
    redis = Redis(port)
    try:
        return await redis.once(*arguments, timeout=timeout)
    finally:
        redis.close()


def text(value: Reply) -> Reply:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def pairs(values: Sequence[Reply] | None) -> Json:
    """A dictionary with text keys from a flat reply of names and values."""
    return {text(values[index]): values[index + 1] for index in range(0, len(values or ()), 2)}


def texts(values: Sequence[Reply] | None) -> Json:
    return {name: text(value) for name, value in pairs(values).items()}
