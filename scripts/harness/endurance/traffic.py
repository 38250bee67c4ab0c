"""Orders on a fixed schedule, whatever the answers. No two have the same amount, so that every record can be traced to its request."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.bench.http_load import Poster

TICK = 0.002  # seconds: what is due within one goes at once
MAX_REQUESTS = 5_000_000
BODY = b'{"tokenIn":"SOL","tokenOut":"USDC","amount":%.6f,"slippage":0.05%s}'


def amount(number: int) -> float:
    """The amount of a request, in SOL."""
    return 1 + number / 1e6


def number_of(amount_in: int) -> int:
    """The request that has this amount, in lamports."""
    return (amount_in - 10**9) // 1000


def has_key(number: int) -> bool:
    """Whether a request comes with an idempotency key. Before such a request is refused, Redis is asked whether it is a repetition."""
    return number % 2 == 0


@dataclass
class Sent:
    """What became of the requests of one phase. Times are those of time.monotonic; a request's begins when it is due."""

    accepted: dict[int, tuple[float, float, str]] = field(default_factory=dict)  # request -> (due, answered, order)
    refused: dict[int, tuple[float, float, int]] = field(default_factory=dict)  # request -> (due, answered, status)
    unknown: set[int] = field(default_factory=set)  # requests that may have been carried out, though their answer was lost
    why: Counter[str] = field(default_factory=Counter)  # "status code" of all answers but 202
    wrong: list[str] = field(default_factory=list)  # answers that nobody should get
    late: list[float] = field(default_factory=list)  # seconds from due to handed over, so the generator's own delay
    under_way: int = 0

    @property
    def refusals(self) -> str:
        """How many were refused, and what the answers were."""
        return f"{len(self.refused)} ({dict(self.why)})"


class Traffic:
    """Posts orders for several callers in turn."""

    def __init__(self, poster: Poster, callers: Sequence[tuple[str, str]]) -> None:
        """`callers`: the API key of each, and the user whose orders it places, or an empty text."""
        self._poster = poster
        self._callers = itertools.cycle([
            (f"Authorization: Bearer {key}\r\n".encode(), f',"userId":"{user}"'.encode() if user else b"")
            for key, user in callers])
        self._count = itertools.count(1)

    def send(self, sent: Sent, due: float, told: Callable[[int], None] = lambda status: None) -> None:
        number, (fields, user) = next(self._count), next(self._callers)
        assert number < MAX_REQUESTS, "the engine has a limit for amounts"
        sent.under_way += 1
        sent.late.append(time.monotonic() - due)

        def answered(status: int, body: bytes) -> None:
            sent.under_way -= 1
            self._judge(sent, number, due, status, body)
            told(status)

        key = b"Idempotency-Key: request-%d\r\n" % number if has_key(number) else b""
        self._poster.post(BODY % (amount(number), user), answered, fields + key)

    @staticmethod
    def _judge(sent: Sent, number: int, due: float, status: int, body: bytes) -> None:
        now = time.monotonic()
        if status == 202:
            at = body.index(b'"orderId":"') + 11
            sent.accepted[number] = (due, now, body[at:at + 36].decode())
        elif status in (429, 503):
            code = json.loads(body).get("code")
            sent.why[f"{status} {code}"] += 1
            if code == "OUTCOME_UNKNOWN":
                sent.unknown.add(number)
            else:
                sent.refused[number] = (due, now, status)
        else:
            sent.wrong.append(f"request {number}: {status} {body[:200]!r}")

    async def open_loop(self, rate: float, seconds: float) -> Sent:
        """Sends at a rate, evenly, and waits for the answers."""
        sent, start = Sent(), time.monotonic()
        total = int(rate * seconds)
        number = 0
        while number < total:
            while number < total and start + number / rate <= time.monotonic():
                self.send(sent, start + number / rate)
                number += 1
            await asyncio.sleep(TICK)
        await self._answered(sent)
        return sent

    async def closed_loop(self, at_once: int, seconds: float) -> Sent:
        """Keeps so many requests under way. A refused one is followed by the next a moment later."""
        sent, end = Sent(), time.monotonic() + seconds
        loop = asyncio.get_running_loop()

        def go() -> None:
            if time.monotonic() < end:
                self.send(sent, time.monotonic(), told)

        def told(status: int) -> None:
            # The connection is free in the next turn of the loop.
            loop.call_later(0 if status == 202 else 0.02, go)

        for _ in range(at_once):
            go()
        await asyncio.sleep(seconds)
        await self._answered(sent)
        return sent

    @staticmethod
    async def _answered(sent: Sent) -> None:
        async with asyncio.timeout(30):
            while sent.under_way:
                await asyncio.sleep(0.01)
