"""Links between one service and Redis that lose replies, fall silent or are slow."""

import asyncio


def wanted(world):
    # replies are lost all the time; silence and slowness are rarer
    faults = {"reply": [_reply] * 6, "stall": [_stall], "delay": [_delay]}
    return [fault for name in world.wants(*faults) for fault in faults[name]]


def _pick(world, chance, kinds):
    return chance.choice([process for process in world.stack.processes.values() if process.kind in kinds and process.number <= 2])


async def _reply(world, chance):
    process = _pick(world, chance, ("gateway", "gateway", "router", "executor", "notifier"))
    before = process.proxy.lost
    process.proxy.cuts = 1
    for _ in range(20):
        await asyncio.sleep(0.05)
        if process.proxy.lost > before:
            world.count("reply", process.name)
            return
    process.proxy.cuts = 0


async def _stall(world, chance):
    process = _pick(world, chance, ("gateway", "router", "executor", "notifier"))
    with world.window("stall"):
        process.proxy.stalled = True
        world.count("stall", process.name)
        await asyncio.sleep(chance.uniform(4, 7) if world.options.short else chance.uniform(8, 20))
        process.proxy.heal()


async def _delay(world, chance):
    process = _pick(world, chance, ("gateway", "router", "executor", "notifier", "notifier"))
    with world.window("delay"):
        process.proxy.delay = (0.05, 0.15)
        world.count("delay", process.name)
        await asyncio.sleep(chance.uniform(3, 6))
        process.proxy.heal()
