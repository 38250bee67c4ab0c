"""One run from the first process to the last: start, load under faults, quiet, audit, stop."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.orders import FINAL
from harness.runner.settings import Problem

from . import records, report
from .audit import Audit
from .clients import Clients, Plan, Sockets
from .explain import explain
from .faults import lanes
from .options import Options, read
from .stack import ChaosStack
from .world import World


class Run:
    program = "chaos"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.path = options.run_dir or Path(tempfile.mkdtemp(prefix="order-engine-chaos-", dir="/var/tmp"))
        os.chmod(self.path, 0o755)  # Postgres runs as another user
        self.out = sys.stderr if options.json else sys.stdout
        self.began = time.monotonic()
        self.phase = "start"
        self.world = None
        self.headers = {}  # of every request
        self.beside = []  # tasks that run all the time, and must not end

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", file=self.out, flush=True)

    async def main(self) -> int:
        """Runs everything. Returns the exit code."""
        stack = self.stack()
        world = self.world = World(self.options, stack, None, note=self.say if os.environ.get("CHAOS_VERBOSE") else lambda text: None)
        tasks = self.beside
        try:
            async with asyncio.timeout(self.options.deadline):
                self.say(f"seed {self.options.seed}: {self.options.orders} orders at {self.options.rate:g}/s, in {self.path}")
                await stack.start_all()
                world.redis = stack.client()
                world.sockets = Sockets(stack.base, time.time, self.headers)
                world.clients = Clients(stack.base, world.sockets.follow, time.monotonic, self.headers)
                tasks += [asyncio.create_task(work) for work in (self._keep(), self._scrape(), self._progress())]
                await self._load()
                await self._quiet()
                self.phase = "audit"
                await self._audit()
                if world.wants("flush"):
                    self.phase = "flush"
                    await flush(world)
        except TimeoutError:
            world.violation(f"not at an end after {self.options.deadline:g} s, in the phase '{self.phase}'")
        except Problem as problem:
            world.violation(f"the stack: {problem}")
        except Exception as problem:  # noqa: BLE001 a fault of the harness must not look like a result
            traceback.print_exc()
            world.violation(f"the harness: {type(problem).__name__}: {problem}")
        finally:
            await self._stop(tasks)
        code = 1 if world.violations else 0
        self.report(code)
        if not (self.options.keep or code):
            shutil.rmtree(self.path, ignore_errors=True)
        return code

    def stack(self) -> ChaosStack:
        return ChaosStack(self.options, self.path, lambda text: None)

    def report(self, code: int) -> None:
        report.write(self, code)

    # Load and faults

    async def _load(self) -> None:
        self.phase = "load"
        world, chance = self.world, self.world.chance("load")
        faults = [asyncio.create_task(work) for work in lanes(world)]
        clock = asyncio.get_running_loop().time()
        try:
            index = 0
            # Load goes on for the faults that have not had their turn.
            while index < self.options.orders or not all(task.done() for task in faults):
                if index >= self.options.orders:
                    world.loading = False
                self._raise([*faults, *self.beside])
                clock += chance.expovariate(self.options.rate)
                await asyncio.sleep(max(0.0, clock - asyncio.get_running_loop().time()))
                clock = max(clock, asyncio.get_running_loop().time() - 1)
                world.spawn(world.clients.serve(Plan.draw(index, self.options.seed, waits=bool(world.wants("waits")))))
                index += 1
            world.loading = False
            await asyncio.gather(*faults)
        finally:
            for task in faults:
                task.cancel()
            self.world.background.update(faults)

    @staticmethod
    def _raise(tasks: Iterable[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise task.exception()

    # Quiet

    async def _quiet(self) -> None:
        """Waits until everything runs again and nothing moves any more."""
        self.phase = "quiet"
        world = self.world
        deadline = time.monotonic() + self.options.quiet
        start, calm, why = time.monotonic(), 0, ""
        while time.monotonic() < deadline and calm < 3:
            await asyncio.sleep(0.5)
            self._raise(self.beside)
            why = await self._unrest()
            calm = 0 if why else calm + 1
        if calm < 3:
            world.violation(f"not quiet after {self.options.quiet:g} s: {why}")
            world.clients.closing = world.sockets.closing = True
            for task in world.background:
                task.cancel()
        world.measure("from the last order or fault until quiet", time.monotonic() - start)
        for outcome in await asyncio.gather(*world.background, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, asyncio.CancelledError):
                world.violation(f"the harness: {type(outcome).__name__}: {outcome}")

    async def _unrest(self) -> str:
        """What still moves, as text. Empty if nothing does."""
        world = self.world
        down = [process.name for process in world.stack.processes.values() if not process.retired and (not process.running or process.lock.locked())]
        if world.stack.cluster and not await world.stack.cluster.settled():
            down.append("the cluster")
        if down:
            return f"{', '.join(down)} not back"
        busy = miscounted = 0
        for partition in world.partitions:
            groups = await records.groups(world, partition)
            busy += sum(group.waiting + group.pending for group in groups)
            miscounted += sum(group.lag != group.waiting for group in groups)
            for name in ("retries", "deadlines"):
                busy += await world.redis("ZCARD", world.prefix(partition) + name)
        if busy:
            return f"{busy} entries, retries and deadlines wait"
        # After a restart of Redis one process counts anew. If that process ends meanwhile, its turn has to expire first.
        if miscounted:
            return f"the lag that Redis reports of {miscounted} groups is not counted anew"
        orders = await records.open_orders(world.stack.database_url)
        if orders is None:
            return "Postgres is away"
        # Redis may have lost what Postgres has already.
        if waiting := [order for order in orders if not world.rolled_back or await records.state(world, order) not in ("", *FINAL)]:
            return f"{len(waiting)} orders are not final"
        await self._give_up()
        running = sum(not task.done() for task in world.background)
        waiting = [s.id for s in world.clients.submissions if s.followed and not s.followed.final and not s.followed.gone]
        return f"{running} clients have not seen the end, of the orders {waiting[:5]}" if running else ""

    async def _give_up(self) -> None:
        """Ends the waits for orders that a failover has taken: they are shown as Postgres has them, or not at all, and never come to an end.

        Others have come to an end under the number of an event that a client had seen before the failover, so it is not told that end.
        """
        for submission in self.world.clients.submissions if self.world.rolled_back else ():
            seen = submission.followed
            if not seen or seen.final or seen.gone:
                continue
            state = await records.state(self.world, submission.id)
            if not state or state in FINAL and 1000 in seen.closes:
                await self.world.sockets.give_up(submission)

    async def _audit(self) -> None:
        for process in self.world.stack.processes.values():
            await self.world.stack.scrape(process)
        self.records = await records.read(self.world)
        self.audit = Audit(self.world, self.records)
        self.audit.run()
        self.world.tally["waits"] = self.audit.waits.fired
        explain(self.audit)
        for fault in sorted(self.options.faults - {"flush"}):
            if not self.world.tally[fault]:
                self.world.violation(f"the fault '{fault}' was wanted and never happened")

    # Beside it

    async def _keep(self) -> None:
        """Starts processes that are down, unless a fault is busy with them."""
        while True:
            await asyncio.sleep(0.3)
            for ended in self.world.stack.check():
                self.world.violation(ended)
            # While one process is launched, another may join.
            for process in list(self.world.stack.processes.values()):
                if not process.running and not process.retired and not process.lock.locked():
                    async with process.lock:
                        await self.world.stack.launch(process)

    async def _scrape(self) -> None:
        while True:
            await asyncio.sleep(1)
            for process in list(self.world.stack.processes.values()):
                if not process.lock.locked():
                    await self.world.stack.scrape(process)

    async def _progress(self) -> None:
        while True:
            await asyncio.sleep(5)
            clients, sockets = self.world.clients, self.world.sockets
            done = sum(1 for s in clients.submissions if s.followed and s.followed.final)
            self.say(
                f"{self.phase}: {len(clients.submissions)} orders sent, {len(clients.accepted_at)} answers 202, {done} ends seen, "
                f"{sockets.open} sockets open, {sum(self.world.tally.values())} faults")

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        self.phase = "stop"
        for task in [*tasks, *self.world.background]:
            task.cancel()
        if self.world.redis is not None:
            self.world.redis.close()
        stopping = asyncio.create_task(self._stop_stack(tasks))
        while not stopping.done():
            try:
                await asyncio.shield(stopping)
            except asyncio.CancelledError:
                # A caller that asks to stop again is told again that it takes a moment: nothing may be left behind.
                self.say("stopping")

    async def _stop_stack(self, tasks: list[asyncio.Task[None]]) -> None:
        stack = self.world.stack
        try:
            await stack.shut_down()
        finally:
            await self._end([*tasks, *self.world.background])
            if left := stack.left_over():
                self.world.violation(f"processes are left: {left}")
            if not self.options.keep:
                stack.discard()

    async def _end(self, tasks: Collection[asyncio.Task[None]]) -> None:
        """Ends tasks, within a minute. A task that is just given a result may miss a cancellation, so it is cancelled again."""
        for _ in range(12):
            for task in tasks:
                task.cancel()
            tasks = (await asyncio.wait(tasks, timeout=5))[1] if tasks else tasks
        for task in tasks:
            self.world.violation(f"the harness: a task does not end: {task}")


def main(arguments: list[str]) -> int:
    return asyncio.run(supervise(Run(read(arguments))))


async def supervise(run: Run) -> int:
    """Runs, and stops everything when the caller asks to stop."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    # So many threads that services which wait for Redis do not take the thread in which Redis is started.
    loop.set_default_executor(ThreadPoolExecutor(64))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await run.main()
    except asyncio.CancelledError:
        if not run.options.keep:
            shutil.rmtree(run.path, ignore_errors=True)
        print("stopped", file=sys.stderr)
        return 130


ORDERS = 20


async def flush(world: World) -> None:
    """Checks FLUSHALL after the audit: new orders come to their end although all streams and groups are gone, and no process spins meanwhile."""
    before = world.stack.lines()
    await world.redis.flush()
    world.count("flush")
    start = time.monotonic()
    world.sockets.closing = world.clients.closing = False
    plans = [Plan.plain(2_000_000_000_000 + number) for number in range(ORDERS)]
    followed = await asyncio.gather(*(_one(world, plan) for plan in plans))
    seconds = time.monotonic() - start
    if not all(followed):
        world.violation(f"after FLUSHALL {followed.count(False)} of {ORDERS} new orders did not come to their end within 30 s")
    world.measure(f"FLUSHALL, until {ORDERS} new orders were final", seconds)
    rate = (world.stack.lines() - before) / max(1.0, time.monotonic() - start) / len(world.stack.processes)
    world.measure("log lines a second and process after FLUSHALL", rate)
    if rate > 60:
        world.violation(f"{rate:.0f} log lines a second and process after FLUSHALL")


async def _one(world: World, plan: Plan) -> bool:
    try:
        async with asyncio.timeout(30):
            submission = await world.clients.place(plan)
            await world.clients.stay(submission)
            return bool(submission.followed and submission.followed.final)
    except TimeoutError:
        return False
