"""The engine on a private stack, set so that nothing waits on purpose and no order fails."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from harness.keys import Keys
from harness.private import PrivateStack, private_stack, scratch
from harness.redis_client import pairs, texts
from harness.runner.settings import SERVICES

from .http_load import Address
from .subject import Subject

# Whatever the caller's environment says wins.
SETTINGS = {
    "MOCK_QUOTE_LATENCY_MS": "0", "MOCK_SWAP_LATENCY_MS": "0", "MOCK_FAILURE_RATE": "0", "MOCK_DROP_RATE": "0", "MOCK_LATE_RATE": "0",
    "MOCK_VOLATILITY_BPS": "0", "MOCK_SEED": "1", "MAX_BACKLOG": "100000000", "MAX_EVENT_BACKLOG": "100000000", "MAX_EXPECTED_WAIT_MS": "0",
    "EXECUTOR_CONCURRENCY": "5000", "ORDER_STATE_TTL_S": "86400"}
# Limits of one caller that count each request and refuse none.
LIMITED = {"CALLER_REQUESTS_PER_S": "1000000", "CALLER_ORDERS_PER_S": "1000000"}
# Each stream of orders:{0} and the group whose work it is.
STAGES = (("accepted", "router"), ("routed", "executor"), ("events", "persist"))
SERVERS = ("redis", "postgres", "nginx")


def settings() -> dict[str, str]:
    return {name: os.environ.get(name, value) for name, value in SETTINGS.items()}


class Engine(Subject):
    name = "engine"

    def __init__(self, stack: PrivateStack, edge: bool, keys: Keys | None = None) -> None:
        """`edge`: whether clients go through nginx. `keys`: those that the engine asks for."""
        if keys:
            self.name, self.headers = "engine with keys", keys.header("bot")
        variables = stack.run.variables()
        super().__init__(int(variables["REDIS_PORT"]), variables["DATABASE_URL"])
        pids = stack.pids()
        self.processes = {kind: [pid for name, pid in pids.items() if name.startswith(kind)] for kind in (*SERVERS, *SERVICES)}
        through = [("127.0.0.1", stack.port)]
        self.posts = through if edge else self._addresses(stack, "gateway")
        self.streams = through if edge else self._addresses(stack, "notifier")
        self.edge = through[0]
        self._events_an_order = 1.0

    @staticmethod
    def _addresses(stack: PrivateStack, kind: str) -> list[Address]:
        return [("127.0.0.1", urlsplit(url).port) for url in stack.addresses(kind).values()]

    async def backlog(self) -> float:
        accepted, routed, events = [await self._unfinished(*stage) for stage in STAGES]
        return accepted + routed + events / self._events_an_order

    async def _unfinished(self, stream: str, group: str) -> int:
        """The entries of a stream that the group has not read or not acknowledged."""
        for fields in await self.redis.once("XINFO", "GROUPS", f"orders:{{0}}:{stream}"):
            about = texts(fields)
            if about["name"] == group:
                return int(about["pending"]) + int(about["lag"])
        raise RuntimeError(f"the stream {stream} has no group {group}")

    async def calibrate(self) -> None:
        """Learns how many entries an order makes on the stream of events."""
        orders, events = [await self._added(stream) for stream in ("accepted", "events")]
        self._events_an_order = events / orders

    async def _added(self, stream: str) -> int:
        return int(pairs(await self.redis.once("XINFO", "STREAM", f"orders:{{0}}:{stream}"))["entries-added"])

    async def confirmed(self) -> int:
        return await self.value("SELECT count(*) FROM order_rows WHERE status = 'confirmed'")


@contextmanager
def engine(
    sync: str, replicas: int = 1, edge: bool = False, more: Mapping[str, str] | None = None, keyed: bool = False
) -> Iterator[Engine]:
    """Starts an engine, lends it, and removes all of it. `sync`: Redis' appendfsync; `more`: further settings; `keyed`: with API keys."""
    counts = {f"{service.upper()}S": str(replicas) for service in SERVICES}
    with scratch() as folder:
        keys = Keys(folder) if keyed else None
        guarded = LIMITED | {"API_KEYS_FILE": str(keys.path)} if keys else {}
        with private_stack(REDIS_APPENDFSYNC=sync, **(settings() | counts | guarded | dict(more or {}))) as stack:
            yield Engine(stack, edge, keys)
