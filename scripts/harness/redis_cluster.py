"""A small asynchronous client of a Redis Cluster, used like the client of one Redis."""

import asyncio
import binascii
from collections.abc import Iterable, Sequence

from .redis_client import Redis, RedisProblem, Reply, Word, text

PATIENCE = 3.0  # seconds for one attempt: a node that is cut off says nothing
# What passes by itself: a master is being replaced, or a slot is on its way. After ASK it is waited for too, until the slot is at one node.
PASSING = ("LOADING", "BUSY", "MISCONF", "OOM", "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY")


def slot(key: str) -> int:
    """The slot of a key: by its hash tag, if it has one."""
    tag = key.partition("{")[2].partition("}")
    return binascii.crc_hqx((tag[0] if tag[0] and tag[1] else key).encode(), 0) % 16384


class RedisCluster:
    def __init__(self, ports: Iterable[int]) -> None:
        """`ports`: of all nodes, as they announce them."""
        self._nodes = {port: Redis(port) for port in ports}
        self._masters: list[tuple[int, int, int]] = []  # (first slot, last slot, port)

    async def once(self, *arguments: Word, timeout: float = PATIENCE) -> Reply:
        """Runs one command at the master that has its key. Raises OSError or TimeoutError if the answer is not known."""
        return await (await self._node(slot(_key(arguments)))).once(*arguments, timeout=timeout)

    async def __call__(self, *arguments: Word, seconds: float = 60) -> Reply:
        """Runs a command that may run twice. Repeats it while its master is away, or its slot is on its way."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            try:
                return await self.once(*arguments)
            except RedisProblem as problem:
                if not str(problem).startswith(PASSING) or loop.time() > deadline:
                    raise
            except (OSError, EOFError, TimeoutError):
                if loop.time() > deadline:
                    raise
            self._masters = []
            await asyncio.sleep(0.1)

    async def script(self, text: str, keys: Sequence[str] = (), arguments: Sequence[Word] = (), seconds: float = 60) -> Reply:
        return await self("EVAL", text, len(keys), *keys, *arguments, seconds=seconds)

    async def flush(self) -> None:
        """Removes everything that the masters have."""
        await self._node(0)
        for port in {port for _, _, port in self._masters}:
            await self._nodes[port].once("FLUSHALL")

    def close(self) -> None:
        for node in self._nodes.values():
            node.close()

    async def _node(self, wanted: int) -> Redis:
        if not self._masters:
            self._masters = await self._ask()
        for first, last, port in self._masters:
            if first <= wanted <= last:
                return self._nodes[port]
        self._masters = []
        raise ConnectionError(f"no master has slot {wanted}")

    async def _ask(self) -> list[tuple[int, int, int]]:
        """The masters, as the first node that answers and that the others listen to knows them."""
        for node in list(self._nodes.values()):
            try:
                if b"cluster_state:ok" in await node.once("CLUSTER", "INFO", timeout=1):
                    return [(first, last, master[1]) for first, last, master, *_ in await node.once("CLUSTER", "SLOTS", timeout=1)]
            except (OSError, EOFError, TimeoutError, RedisProblem):
                continue
        raise ConnectionError("no node of the cluster knows the masters")


def _key(arguments: Sequence[Word]) -> str:
    """The key that a command's master is found by. All keys of a partition have one slot, so a pattern of such keys has it too."""
    place = {"EVAL": 3, "SCAN": 3, "XINFO": 2}.get(str(arguments[0]), 1)
    return text(arguments[place])
