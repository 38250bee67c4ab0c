"""What clients notice while an operator changes the engine: more partitions, more and fewer processes, a restart of one after the other."""

import asyncio
import json
import time
from collections.abc import Callable

from harness.http_client import Json
from harness.private import PrivateStack, private_stack
from harness.runner.settings import SERVICES

from .engine import settings
from .http_load import Poster
from .load import Bodies, OpenLoop, no_collector, run
from .options import Options
from .samples import spread

RATE = 100.0  # orders a second
CONNECTIONS = 64
FEW, MANY = 2, 6  # processes of the stages
PARTITIONS = 16
STEADY = 8.0  # seconds of the part without a change
MOST = 150.0  # seconds of all parts together
WATCH = 0.2  # seconds between two looks at the lag


def measure(options: Options, say: Callable[[str], None]) -> list[Json]:
    """One record for each change."""
    counts = {"GATEWAYS": "2", "NOTIFIERS": "2", "ROUTERS": str(MANY), "EXECUTORS": str(MANY)}
    swaps = {"MOCK_QUOTE_LATENCY_MS": "20", "MOCK_SWAP_LATENCY_MS": "200-400"}
    with private_stack(REDIS_APPENDFSYNC=options.syncs[0], **(settings() | counts | swaps)) as stack:
        trial = _Trial(stack)
        for service in ("router", "executor"):
            for number in range(FEW + 1, MANY + 1):
                stack.stop(f"{service}-{number}")
        records = run(trial.run(), MOST + 60)
    for record in records:
        say(f"{record['change']}: p99 {record['accepted']['p99']} ms, longest wait {record['longestWaitMs']} ms, {record['refused']} refused")
    return records


class _Trial:
    def __init__(self, stack: PrivateStack) -> None:
        self._stack = stack
        self._bodies = Bodies()
        self._change = ""
        self._accepted: dict[str, list[float]] = {}  # by change, seconds from due to 202
        self._refused: dict[str, int] = {}
        self._waits: dict[str, int] = {}  # by change, the oldest entry that no worker was given, in ms

    async def run(self) -> list[Json]:
        changes: dict[str, Callable[[], None]] = {
            "none": lambda: time.sleep(STEADY), f"1 to {PARTITIONS} partitions": self._grow,
            f"{FEW} to {MANY} routers and executors": lambda: self._scale(self._stack.start),
            f"{MANY} to {FEW} routers and executors": lambda: self._scale(self._stack.stop), "a restart of each process": self._restart}
        async with Poster([("127.0.0.1", self._stack.port)], CONNECTIONS) as self._poster:
            with no_collector():
                load = OpenLoop(RATE, MOST, self._send)
                load.start()
                watch = asyncio.create_task(self._watch())
                for name, change in changes.items():
                    self._change = name
                    await asyncio.to_thread(change)
                watch.cancel()
                self._change = ""
                load.stop()
            await asyncio.sleep(2)
        return [
            {"change": name, "rate": RATE, "accepted": spread(self._accepted[name]).record(), "refused": self._refused.get(name, 0),
             "longestWaitMs": self._waits.get(name, 0)} for name in changes]

    def _send(self, due: float) -> None:
        change = self._change
        if not change:
            return

        def told(status: int, _body: bytes) -> None:
            if status == 202:
                self._accepted.setdefault(change, []).append(time.monotonic() - due)
            else:
                self._refused[change] = self._refused.get(change, 0) + 1

        self._poster.post(self._bodies.next(), told)

    async def _watch(self) -> None:
        while True:
            streams = json.loads(await asyncio.to_thread(self._stack.text, "/api/streams"))["streams"]
            oldest = max((group["oldestWaitingMs"] for stream in streams for group in stream["groups"]), default=0)
            self._waits[self._change] = max(self._waits.get(self._change, 0), oldest)
            await asyncio.sleep(WATCH)

    def _grow(self) -> None:
        self._stack.orderctl("partitions", "grow", str(PARTITIONS))
        time.sleep(2)

    def _scale(self, change: Callable[[str], None]) -> None:
        for number in range(FEW + 1, MANY + 1):
            change(f"router-{number}")
            change(f"executor-{number}")
        time.sleep(2)

    def _restart(self) -> None:
        for service in SERVICES:
            for number in (1, 2):
                self._stack.stop(f"{service}-{number}")
                self._stack.start(f"{service}-{number}")
