"""What a WebSocket of the package websockets hears: a client that is not ours, like a user's."""

import asyncio

from websockets.asyncio.client import connect


async def conversation(url: str, opening: str | None = None, seconds: float = 60, headers: dict[str, str] | None = None) -> list[str]:
    """Returns every message until the server closes with 1000. Raises on any other end, or if none comes in time."""
    async with asyncio.timeout(seconds), connect(url, proxy=None, additional_headers=headers) as socket:
        if opening:
            await socket.send(opening)
        heard = [message async for message in socket]
    assert socket.close_code == 1000, f"{url} was closed with {socket.close_code} {socket.close_reason}"
    return heard
