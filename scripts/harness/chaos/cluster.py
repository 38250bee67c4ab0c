"""A Redis Cluster of three masters, each with a replica. Everybody, the other nodes too, reaches a node through its proxies alone: it announces their
ports. Each node calls from an address of its own, so that a proxy can tell who calls."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.redis_client import Redis, RedisProblem, Reply, Word, text
from harness.redis_cluster import RedisCluster, slot
from harness.runner.directory import RunDirectory
from harness.runner.ports import Reservation
from harness.runner.processes import send, spawn
from harness.runner.servers import REDIS_SETTINGS, START_REDIS, program, quoted
from harness.runner.settings import Problem

from .proxy import Proxy

MASTERS, SLOTS = 3, 16384
NODE_TIMEOUT = 2.0  # seconds until the others take a silent node for failed
SETTLED_WITHIN = 60.0  # seconds until each master has its replica again
CONFIGURATION = """\
include "{settings}"
bind 127.0.0.1
bind-source-addr {address}
port {port}
cluster-enabled yes
cluster-port {bus}
cluster-announce-ip 127.0.0.1
cluster-announce-port {announced_port}
cluster-announce-bus-port {announced_bus}
cluster-node-timeout {timeout}
daemonize no
dir "{data}"
save ""
appendonly yes
appendfsync {fsync}
maxmemory-policy noeviction
"""


@dataclass(eq=False)
class Node:
    number: int
    port: int
    bus: int
    proxy: Proxy  # for clients and for its replica
    bus_proxy: Proxy  # for the other nodes
    id: str = ""
    child: subprocess.Popen[bytes] | None = None
    redis: Redis = field(init=False)

    def __post_init__(self) -> None:
        self.redis = Redis(self.port)
        self.proxy.upstream, self.bus_proxy.upstream = self.port, self.bus

    @property
    def name(self) -> str:
        return f"redis-{self.number}"

    @property
    def address(self) -> str:
        """Where the node's own connections come from."""
        return f"127.0.1.{self.number}"

    async def __call__(self, *words: Word) -> Reply:
        return await self.redis.once(*words, timeout=3)


@dataclass(frozen=True)
class Member:
    """A node as another one sees it."""

    node: Node
    master: str  # id of the master that it follows; empty for a master
    failed: bool
    slots: frozenset[int]


class Cluster:
    def __init__(self, run: RunDirectory) -> None:
        self.run, self.stopping = run, False
        self.reservation = Reservation(8 * MASTERS)
        ports = iter(self.reservation.ports)
        self.nodes = [Node(number, next(ports), next(ports), Proxy(next(ports)), Proxy(next(ports))) for number in range(1, 2 * MASTERS + 1)]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.proxy.port}" for node in self.nodes[:2])

    def client(self) -> RedisCluster:
        return RedisCluster(node.proxy.port for node in self.nodes)

    # Starting and stopping

    async def start(self) -> None:
        """Returns when the cluster takes commands and each master has a replica."""
        for node in self.nodes:
            await node.proxy.start()
            await node.bus_proxy.start()
        self.reservation.release()
        for node in self.nodes:
            await self.launch(node)
            node.id = text(await node("CLUSTER", "MYID"))
            await node("CLUSTER", "SET-CONFIG-EPOCH", node.number)
        masters, replicas = self.nodes[:MASTERS], self.nodes[MASTERS:]
        for index, node in enumerate(masters):
            await node("CLUSTER", "ADDSLOTSRANGE", SLOTS * index // MASTERS, SLOTS * (index + 1) // MASTERS - 1)
        for node in self.nodes[1:]:
            await self.nodes[0]("CLUSTER", "MEET", "127.0.0.1", node.proxy.port, node.bus_proxy.port)
        await until(self._all_met, "the nodes of the cluster did not meet")
        for master, replica in zip(masters, replicas, strict=True):
            await replica("CLUSTER", "REPLICATE", master.id)
        await until(self.settled, "the cluster did not settle")

    async def launch(self, node: Node) -> None:
        """Starts a node, again or for the first time, and returns when it answers."""
        data, config = self.run.path / node.name, self.run.path / f"{node.name}.conf"
        data.mkdir(exist_ok=True)
        self.run.write(config, CONFIGURATION.format(
            settings=quoted(REDIS_SETTINGS), address=node.address, port=node.port, bus=node.bus, announced_port=node.proxy.port,
            announced_bus=node.bus_proxy.port, timeout=int(NODE_TIMEOUT * 1000), data=quoted(data),
            fsync=os.environ.get("REDIS_APPENDFSYNC") or "always"))
        if self.stopping:
            raise Problem("the stack is being stopped")
        argv: list[str | Path] = [START_REDIS, data / "appendonlydir", program("redis-server"), config]
        node.child = await asyncio.to_thread(spawn, argv, self.run.log(node.name))
        await until(lambda: _answers(node), f"{node.name} did not start")

    async def kill(self, node: Node) -> None:
        send(node.child.pid, signal.SIGKILL)
        await asyncio.to_thread(node.child.wait)

    async def stop(self) -> None:
        self.stopping = True
        for node in self.nodes:
            if node.child is not None:
                await self.kill(node)
            node.redis.close()
            node.proxy.close()
            node.bus_proxy.close()
        self.reservation.release()

    # What it is like

    async def members(self) -> list[Member]:
        """The nodes as one sees them that the others listen to."""
        for node in self.nodes:
            try:
                if b"cluster_state:ok" in await node("CLUSTER", "INFO"):
                    return self._members(text(await node("CLUSTER", "NODES")))
            except (OSError, EOFError, TimeoutError, RedisProblem):
                continue
        return []

    async def master_of(self, key: str) -> Node:
        """The master that has a key's slot now."""
        wanted, found = slot(key), []

        async def look() -> bool:
            found[:] = [member.node for member in await self.members() if wanted in member.slots]
            return bool(found)

        await until(look, f"no master has the slot of {key}")
        return found[0]

    async def replica_of(self, master: Node) -> Node:
        return next(member.node for member in await self.members() if member.master == master.id)

    async def settled(self) -> bool:
        """Whether all nodes agree, and each master has a replica that has all its data."""
        members = await self.members()
        if len(members) != len(self.nodes) or any(member.failed for member in members):
            return False
        for member in members:
            if member.master:
                link = await node_says(member.node, "INFO", "replication")
                if "master_link_status:up" not in link or "master_sync_in_progress:0" not in link:
                    return False
            elif not member.slots or sum(other.master == member.node.id for other in members) != 1:
                return False
        return all([await self._agrees(node, members) for node in self.nodes])

    async def _agrees(self, node: Node, members: list[Member]) -> bool:
        seen = self._members(await node_says(node, "CLUSTER", "NODES"))
        return {(m.node.id, m.master, m.slots) for m in seen} == {(m.node.id, m.master, m.slots) for m in members}

    async def _all_met(self) -> bool:
        views = [await node_says(node, "CLUSTER", "NODES") for node in self.nodes]
        return all(len(self._members(view)) == len(self.nodes) and "handshake" not in view for view in views)

    def _members(self, lines: str) -> list[Member]:
        known, found = {node.id: node for node in self.nodes}, []
        for line in lines.splitlines():
            name, _, flags, master, _, _, _, _, *ranges = line.split()
            if name in known:
                slots = [range(int(one.split("-")[0]), int(one.split("-")[-1]) + 1) for one in ranges if not one.startswith("[")]
                failed = "fail" in flags.replace("nofailover", "")
                found.append(Member(known[name], master.strip("-"), failed, frozenset(number for one in slots for number in one)))
        return found


async def _answers(node: Node) -> bool:
    return await node_says(node, "PING") == "PONG"


async def node_says(node: Node, *words: Word) -> str:
    """A node's answer. Empty if it has none."""
    try:
        return text(await node(*words))
    except (OSError, EOFError, TimeoutError, RedisProblem):
        return ""


async def until(condition: Callable[[], Awaitable[bool]], problem: str, seconds: float = SETTLED_WITHIN) -> float:
    """Waits until a condition holds. Returns how long that took. A Problem if it is too long."""
    start = time.monotonic()
    while not await condition():
        if time.monotonic() - start > seconds:
            raise Problem(f"{problem} within {seconds:g} s")
        await asyncio.sleep(0.05)
    return time.monotonic() - start
