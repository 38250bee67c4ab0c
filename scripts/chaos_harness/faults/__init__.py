"""The faults, each kind in a lane of its own that goes on while there is load, and until each of its faults has happened once."""

import asyncio


async def lane(world, name, faults, least, most):
    """Runs faults one after the other in a random order, every one before any comes again, with a pause between."""
    if not faults:
        return
    chance = world.chance(name)
    await asyncio.sleep(chance.uniform(0.5, least))
    round_over = False
    while world.loading or not round_over:
        round_over = False
        for fault in chance.sample(faults, len(faults)):
            await fault(world, chance)
            await asyncio.sleep(chance.uniform(least, most) * world.options.pace)
        round_over = True


def lanes(world):
    """The work of all wanted faults, to be awaited together."""
    from . import entries, network, poison, processes, servers

    return [
        lane(world, "processes", processes.wanted(world), 1.0, 3.0),
        lane(world, "servers", servers.wanted(world), 3.0, 7.0),
        lane(world, "network", network.wanted(world), 0.6, 2.0),
        lane(world, "entries", entries.wanted(world), 1.0, 2.5),
        *([entries.duplicates(world)] if world.wants("duplicate") else []),
        *([poison.hunt(world)] if world.wants("poison") else []),
    ]
