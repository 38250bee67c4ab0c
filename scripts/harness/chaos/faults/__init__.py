"""The faults. Each kind has a lane of its own, which goes on while there is load, and until each of its faults has happened once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..world import World

Fault = Callable[[World, random.Random], Awaitable[None]]


async def lane(world: World, name: str, faults: list[Fault], min_pause: float, max_pause: float) -> None:
    """Runs faults one after the other in random order, with a pause between. Every fault runs before any runs again."""
    if not faults:
        return
    chance = world.chance(name)
    await asyncio.sleep(chance.uniform(0.5, min_pause))
    round_over = False
    while world.loading or not round_over:
        round_over = False
        for fault in chance.sample(faults, len(faults)):
            await fault(world, chance)
            await asyncio.sleep(chance.uniform(min_pause, max_pause) * world.options.pace)
        round_over = True


def lanes(world: World) -> list[Coroutine[Any, Any, None]]:
    """The work of all wanted faults, to be awaited together."""
    from . import cluster, entries, processes, servers

    return [
        lane(world, "processes", processes.wanted(world), 1.0, 3.0),
        lane(world, "servers", servers.wanted(world), 3.0, 7.0),
        lane(world, "cluster", cluster.wanted(world), 2.0, 5.0),
        lane(world, "network", servers.links(world), 0.6, 2.0),
        lane(world, "entries", entries.wanted(world), 1.0, 2.5),
        *([entries.duplicates(world)] if world.wants("duplicate") else []),
        *([processes.hunt(world)] if world.wants("poison") else []),
    ]
