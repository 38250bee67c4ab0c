"""A long run of everything at once, with faults: what a process holds must not grow, and every order must be right at the end."""

import argparse
import asyncio
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from harness.chaos import options as chaos
from harness.chaos import records
from harness.chaos.audit import Audit
from harness.chaos.clients import Plan
from harness.chaos.process import Process
from harness.chaos.run import Run, supervise
from harness.chaos.stack import ChaosStack
from harness.keys import Keys
from harness.private import scratch
from harness.redis_client import Redis

from . import census
from .guests import Guests
from .judgement import Finding, Points, after, growth, is_flat
from .report import table
from .resources import Watch

# Nothing is done to these, so that each kind has one life over the whole run.
SPARED = ("gateway-1", "router-1", "executor-1", "notifier-1")
SHARE = 0.1  # by which a fitted line may rise over the run
ROOM = 8 << 20  # bytes by which it may rise in any case
MOST, MANY = 1 << 30, 1000  # bytes, and descriptors, connections or threads, that no process may hold at any time
FEW = 24  # descriptors, connections, threads or keys by which a line may rise in any case
WARM_UP = 0.25  # of the run; by then every retention has come to its end once


@dataclass(frozen=True)
class Scale:
    seconds: float
    rate: float  # orders a second
    look: float  # seconds between two looks
    pause: tuple[float, float]  # between faults
    state_life: int  # seconds that Redis keeps an order
    short: bool


class Soak(Run):
    program = "soak"

    def __init__(self, options: chaos.Options, scale: Scale, keys: Keys) -> None:
        super().__init__(options)
        self.scale, self.keys = scale, keys
        self.headers = keys.header("bot")
        self.findings: list[Finding] = []
        self.watch: Watch | None = None
        self.guests: Guests | None = None
        self.counts = {}

    def stack(self) -> ChaosStack:
        return ChaosStack(self.options, self.path, lambda text: None, {
            "API_KEYS_FILE": str(self.keys.path), "ORDER_STATE_TTL_S": str(self.scale.state_life), "IDEMPOTENCY_TTL_S": "60"})

    # Load

    async def _load(self) -> None:
        self.phase = "load"
        world, chance = self.world, self.world.chance("load")
        self.watch = Watch(self._pids, Redis(world.stack.redis_port))
        self.guests = Guests(world, world.stack.base, self.headers)
        self.beside.append(asyncio.create_task(self.watch.every(self.scale.look)))
        others = [asyncio.create_task(work) for work in (self.guests.stay(), self._faults())]
        loop = asyncio.get_running_loop()
        clock, end, index = loop.time(), loop.time() + self.scale.seconds, 0
        while loop.time() < end:
            self._raise([*others, *self.beside])
            clock = max(clock + chance.expovariate(self.scale.rate), loop.time() - 1)
            await asyncio.sleep(max(0.0, clock - loop.time()))
            world.spawn(world.clients.serve(Plan.draw(index, self.options.seed)))
            index += 1
        world.loading = False
        await asyncio.gather(*others)

    def _pids(self) -> dict[str, int]:
        stack = self.world.stack
        found = {process.name: process.pid for process in stack.processes.values() if process.running and not process.lock.locked()}
        return found | {name: child.pid for name, child in stack.children.items() if name.startswith(("redis", "postgres", "nginx"))}

    async def _faults(self) -> None:
        """Kills one of the processes that are not spared and starts it again, or drops all connections of a process to Redis, in turn."""
        world, chance = self.world, self.world.chance("soak")
        harmed = [process for process in world.stack.processes.values() if process.name not in SPARED and process.kind != "gateway"]
        while world.loading:
            for process in chance.sample(harmed, len(harmed)):
                await asyncio.sleep(chance.uniform(*self.scale.pause))
                if not world.loading:
                    return
                await self._kill(process, chance)
                await asyncio.sleep(chance.uniform(*self.scale.pause))
                await self._drop(chance.choice(list(world.stack.processes.values())))

    async def _kill(self, process: Process, chance: random.Random) -> None:
        async with process.lock:
            with self.world.window("kill"):
                await self.world.stack.kill(process)
                self.world.count("kill", process.name)
                await asyncio.sleep(chance.uniform(0.2, 2))
                await self.world.stack.launch(process)

    async def _drop(self, process: Process) -> None:
        with self.world.window("drop"):
            process.proxy.drop()
            self.world.count("drop", process.name)
            await asyncio.sleep(1)

    # Judgement

    async def _audit(self) -> None:
        world = self.world
        self.records = await records.read(world)
        self.audit = Audit(world, self.records)
        self.audit.run()
        for letter in self.records.letters:
            world.violation(f"a dead letter: {letter}", letter.get("orderId", ""))
        self.say(f"audited {len(self.records.rows)} orders: {len(world.violations)} violations")
        self.phase = "census"
        await self._census()
        self._judge()
        for finding in self.findings:
            if not finding.holds:
                world.violation(f"{finding.what}: {finding.figure}, and the bound is {finding.bound}")

    async def _census(self) -> None:
        """Looks what is left in Redis once the orders have gone."""
        deadline, bad = time.monotonic() + self.scale.state_life + 60, []
        while time.monotonic() < deadline:
            found = await census.keys(self.world.redis)
            self.counts, bad = census.counts(found), census.problems(found)
            if not bad and not self.counts["orders:{0}:o:"]:
                return
            await asyncio.sleep(2)
        for problem in bad[:20]:
            self.world.violation(f"Redis: {problem}")
        if self.counts["orders:{0}:o:"]:
            self.world.violation(f"Redis: {self.counts['orders:{0}:o:']} orders have not left")

    def _judge(self) -> None:
        watch = self.watch
        for name in SPARED:
            lives = [life for life in watch.lives if life[0] == name]
            self.findings.append(Finding(f"{name} lived all the time", str(len(lives)), "one life", len(lives) == 1))
        for name in sorted({name for name, _ in watch.lives}):
            lives = [life for life in watch.lives if life[0] == name]
            for what in ("memory", "descriptors", "connections", "threads"):
                self._lives(f"{name} {what}", [watch.of(life, what) for life in lives], what == "memory")
        self._line("redis memory, without the ledger", watch.memory_of_redis(), ROOM, 2**20, MOST)
        for what, least, most in (("keys", 60 * self.scale.rate, 1000 * self.scale.rate), ("clients", FEW, MANY)):
            self._line(f"redis {what}", [(at, float(getattr(one, what))) for at, one in watch.stored], least, 1, most)
        self._line("postgres sessions", watch.sessions, FEW, 1, MANY)

    def _lives(self, what: str, lives: list[Points], is_memory: bool) -> None:
        """Judges one life by its growth, and several by their most: a life that a fault has cut short is too short to grow. Redis' memory is judged
        below, by its own figures, because the ledger in it grows."""
        most = max((value for points in lives for _, value in points), default=0)
        limits = (ROOM, 2**20, MOST) if is_memory else (FEW, 1, MANY)
        if len(lives) > 1 or is_memory and what.startswith("redis"):
            bound = limits[2] / limits[1]
            self.findings.append(Finding(f"{what} of {len(lives)} lives", f"at most {most / limits[1]:.0f}", f"{bound:.0f}", most <= limits[2]))
        else:
            self._line(what, lives[0], *limits)

    def _line(self, what: str, points: Points, least: float, unit: float, most: float) -> None:
        """Judges what there is after the warm-up: in the short form by its most, in the long form also by its growth."""
        rest = [point for point in after(points, self.scale.seconds * WARM_UP) if point[0] <= self.scale.seconds]
        peak = max((value for _, value in points), default=0)
        if self.scale.short or not rest:
            self.findings.append(Finding(what, f"at most {peak / unit:.0f}", f"{most / unit:.0f}", peak <= most))
            return
        rise, mean = growth(rest), sum(value for _, value in rest) / len(rest)
        self.findings.append(Finding(
            what, f"mean {mean / unit:.1f}, at most {peak / unit:.0f}, rise {rise / unit:+.2f}", f"rise of {max(SHARE * mean, least) / unit:.1f}",
            peak <= most and is_flat(rest, SHARE, least)))

    def report(self, code: int) -> None:
        super().report(code)
        print("faults:", ", ".join(f"{name} {count}" for name, count in sorted(self.world.tally.items())))
        if self.guests is not None:
            print("guests:", ", ".join(f"{name} {count}" for name, count in sorted(self.guests.tally.items())))
        print("keys at the end:", ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items())))
        print(table(f"over {self.scale.seconds:g} s, after a warm-up of {WARM_UP:.0%}", self.findings))


def _read(arguments: list[str]) -> tuple[Scale, argparse.Namespace]:
    parser = argparse.ArgumentParser(
        prog="scripts/soak", description="Runs a private engine under mixed load and faults, and judges whether anything grows.",
        epilog="MINUTES says for how long (30), RATE how many orders a second (12). STACK_BIN says where the executables are.")
    parser.add_argument("--short", action="store_true", help="half a minute, for debug executables; judges only what noise cannot fake")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", action="store_true", help="keep the run directory with logs and records")
    given = parser.parse_args(arguments)
    minutes = float(os.environ.get("MINUTES") or (0.5 if given.short else 30))
    rate = float(os.environ.get("RATE") or (6 if given.short else 12))
    if given.short:
        return Scale(60 * minutes, rate, 1, (1, 3), 5, True), given
    return Scale(60 * minutes, rate, 5, (6, 18), 60, False), given


def main(arguments: list[str]) -> int:
    scale, given = _read(arguments)
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000)
    options = chaos.Options(
        seed=seed, orders=int(scale.rate * scale.seconds), rate=scale.rate, faults=frozenset(), short=scale.short, keep=given.keep, json=False,
        partitions=1, cluster=False, replicas=0, deadline=scale.seconds + 600, quiet=120, run_dir=None)
    with scratch() as folder:
        keys = Keys(Path(folder))
        os.chmod(keys.path, 0o644)
        return asyncio.run(supervise(Soak(options, scale, keys)))
