"""Masters of a Redis Cluster that die, hand over, or are cut off, and slots that move between them. One of these at a time, and each returns once
every master has its replica again."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.redis_client import RedisProblem
from harness.redis_cluster import slot

from ..cluster import NODE_TIMEOUT, Cluster, Node, node_says, until
from ..world import World
from . import Fault

TAKEN_OVER_WITHIN = 30.0  # seconds
ACCEPTS_WITHIN = 10.0  # seconds after a new master is there, with nothing else broken
MOVED_AT_ONCE = 10  # keys


def wanted(world: World) -> list[Fault]:
    faults = {"failover": [_failover], "planned-failover": [_planned], "slot-move": [_slot_move] * 2, "partition": [_no_peers, _nobody]}
    return [fault for name in world.wants(*faults) for fault in faults[name]]


async def _pick(world: World, chance: random.Random) -> tuple[Cluster, Node, frozenset[int]]:
    """A master that has partitions, and these."""
    cluster = world.stack.cluster
    masters = {partition: await cluster.master_of(world.prefix(partition)) for partition in world.partitions}
    node = masters[chance.choice(world.partitions)]
    return cluster, node, frozenset(partition for partition, master in masters.items() if master is node)


@contextmanager
def _losing(world: World, partitions: frozenset[int]) -> Iterator[None]:
    """Notes that Redis may lose what it is told about these partitions now: a replica is behind its master."""
    start = time.time()
    try:
        yield
    finally:
        world.rolled_back.append((partitions, start, time.time()))


async def _failover(world: World, chance: random.Random) -> None:
    cluster, master, partitions = await _pick(world, chance)
    with world.window("failover"), _losing(world, partitions):
        heir = await cluster.replica_of(master)
        await cluster.kill(master)
        world.count("failover", f"{master.name}, with partitions {sorted(partitions)}")
        await _taken_over(world, cluster, heir, partitions)
        await asyncio.sleep(chance.uniform(0.0, 3.0))
        await cluster.launch(master)
        await _settle(world, cluster)


async def _taken_over(world: World, cluster: Cluster, heir: Node, partitions: frozenset[int]) -> None:
    """Measures until the replica is the master, and until an order of its partitions is accepted."""
    async def rules() -> bool:
        return any(member.node is heir and member.slots for member in await cluster.members())

    world.measure("master gone, until its replica had taken over", await until(rules, f"{heir.name} did not take over", TAKEN_OVER_WITHIN))
    world.spawn(_accepts(world, partitions))


async def _accepts(world: World, partitions: frozenset[int]) -> None:
    start, moment, known = time.monotonic(), time.time(), len(world.clients.submissions)
    while world.loading:
        fresh = (order for submission in world.clients.submissions[known:] for order in submission.ids)
        if any(world.partition_of(order) in partitions for order in fresh):
            world.measure("new master, until an order of its partitions was accepted", time.monotonic() - start)
            return
        if time.monotonic() - start > ACCEPTS_WITHIN and world.calm(moment, "failover", "partition", "planned-failover", "malformed", "poison"):
            world.violation(f"no order of the partitions {sorted(partitions)} was accepted for {ACCEPTS_WITHIN:g} s after a new master was there")
            return
        await asyncio.sleep(0.05)


async def _settle(world: World, cluster: Cluster) -> None:
    world.measure("cluster, until every master had its replica again", await until(cluster.settled, "the cluster did not settle"))


async def _planned(world: World, chance: random.Random) -> None:
    cluster, master, partitions = await _pick(world, chance)
    heir = await cluster.replica_of(master)
    with world.window("planned-failover"):
        await heir("CLUSTER", "FAILOVER")
        world.count("planned-failover", f"{master.name} to {heir.name}, with partitions {sorted(partitions)}")
        await _taken_over(world, cluster, heir, partitions)
        await _settle(world, cluster)


async def _slot_move(world: World, chance: random.Random) -> None:
    cluster = world.stack.cluster
    partition = chance.choice(world.partitions)
    key = world.prefix(partition)
    source = await cluster.master_of(key)
    others = [member.node for member in await cluster.members() if member.slots and member.node is not source]
    target, number = chance.choice(others), slot(key)
    with world.window("slot-move"):
        await target("CLUSTER", "SETSLOT", number, "IMPORTING", source.id)
        await source("CLUSTER", "SETSLOT", number, "MIGRATING", target.id)
        world.count("slot-move", f"partition {partition} from {source.name} to {target.name}")
        start, moved = time.monotonic(), 0
        while keys := await source("CLUSTER", "GETKEYSINSLOT", number, MOVED_AT_ONCE):
            moved += await _migrate(source, target, keys)
        for node in (target, source):
            await node("CLUSTER", "SETSLOT", number, "NODE", target.id)
        world.measure("slot moved, s", time.monotonic() - start)
        world.measure("slot moved, keys counted", moved)
        await _settle(world, cluster)


async def _migrate(source: Node, target: Node, keys: list[bytes]) -> int:
    """Moves keys. Returns how many. None while the target is without the others, as a node that has just come back may be for a moment."""
    try:
        # Another client may have deleted a key meanwhile: then the answer is NOKEY.
        await source("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
    except RedisProblem as problem:
        if "CLUSTERDOWN" not in str(problem):
            raise
        await asyncio.sleep(0.1)
        return 0
    return len(keys)


async def _no_peers(world: World, chance: random.Random) -> None:
    """Cuts a master off from the other nodes. Clients still reach it, and it takes what they write until it sees that it is alone."""
    await _cut(world, chance, "the other nodes")


async def _nobody(world: World, chance: random.Random) -> None:
    """Cuts a master off from everybody. What was sent to it reaches it when the network is back."""
    await _cut(world, chance, "everybody")


async def _cut(world: World, chance: random.Random, whom: str) -> None:
    cluster, master, partitions = await _pick(world, chance)
    peers = {node.address for node in cluster.nodes}
    with world.window("partition"), _losing(world, partitions):
        heir = await cluster.replica_of(master)
        master.proxy.cuts_off = (lambda address: True) if whom == "everybody" else peers.__contains__
        master.bus_proxy.cuts_off = lambda address: True
        for node in cluster.nodes:
            if node is not master:
                node.proxy.cuts_off = node.bus_proxy.cuts_off = master.address.__eq__
        world.count("partition", f"{master.name} from {whom}, with partitions {sorted(partitions)}")
        try:
            # Sometimes the network is back before the others agree that the master has failed.
            await asyncio.sleep(chance.uniform(0.5, 3.5) * NODE_TIMEOUT)
            view = await node_says(heir, "CLUSTER", "NODES")
            world.measure("partitions after which the replica had taken over, counted", int("myself,master" in view))
        finally:
            for node in cluster.nodes:
                node.proxy.reconnect()
                node.bus_proxy.reconnect()
        await _settle(world, cluster)
