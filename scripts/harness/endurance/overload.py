"""Three times the orders that the engine can take: what it takes keeps its time, the rest is refused at once, and all is normal soon after."""

import argparse
import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bench.http_load import Poster
from harness.bench.processor import own
from harness.bench.samples import Spread, spread
from harness.http_client import Lost, request
from harness.keys import Keys
from harness.private import PrivateStack, running, scratch
from harness.redis_client import Redis, texts

from . import ledger
from .judgement import Finding, after, back_to_normal, growth
from .report import table
from .resources import Watch
from .traffic import Sent, Traffic, has_key

CONNECTIONS = 1000
AT_ONCE = 128  # requests of the closed loop
SHARE, TIMES = 0.7, 3  # of the capacity: the normal load, and the overload
EXPECTED_WAIT = 0.1  # seconds: the default of MAX_EXPECTED_WAIT_MS
MEMORY_ROOM = 64 << 20  # bytes that a process may hold more under overload
REDIS_MOST, REDIS_RISE = 512 << 20, 64 << 20  # bytes
CALLERS = {"bot": None, "ant": None, "alice": "alice", "greedy": None}
# The greedy one sends more than its own limit.
TURNS = ["bot", "ant", "alice"] * 5 + ["greedy"]
LIMITS = {"greedy": {"ordersPerSecond": 5}}
SETTINGS = {
    "MOCK_QUOTE_LATENCY_MS": "200", "MOCK_SWAP_LATENCY_MS": "300-500", "MOCK_FAILURE_RATE": "0", "MOCK_VOLATILITY_BPS": "0", "MOCK_SEED": "1",
    "QUOTE_TIMEOUT_MS": "5000", "ORDER_STATE_TTL_S": "15", "IDEMPOTENCY_TTL_S": "60", "CALLER_REQUESTS_PER_S": "100000",
    "CALLER_ORDERS_PER_S": "100000"}


@dataclass(frozen=True)
class Options:
    seconds: float
    short: bool
    settings: Mapping[str, str]


@dataclass
class Result:
    capacity: float = 0.0  # orders a second
    normal: Sent = field(default_factory=Sent)
    over: Sent = field(default_factory=Sent)
    calm: Sent = field(default_factory=Sent)
    all: list[Sent] = field(default_factory=list)
    probes: list[float | None] = field(default_factory=list)  # seconds of each answer of a liveness probe; None without one
    rows: dict[int, ledger.Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    began: float = 0.0  # when the overload began and ended, by the watch
    ended: float = 0.0
    cost: float = 0.0  # cores that the load generator took meanwhile


class Run:
    def __init__(self, stack: PrivateStack, keys: Keys, options: Options) -> None:
        self.stack, self.keys, self.options, self.result = stack, keys, options, Result()
        variables = stack.run.variables()
        self.redis, self.database = Redis(int(variables["REDIS_PORT"])), variables["DATABASE_URL"]
        self.watch = Watch(stack.pids, self.redis)

    async def main(self) -> Result:
        result, options = self.result, self.options
        callers = [(self.keys.texts[name], CALLERS[name] or "") for name in TURNS]
        async with Poster([("127.0.0.1", self.stack.port)], CONNECTIONS) as poster:
            traffic = Traffic(poster, callers)
            beside = [asyncio.create_task(work) for work in (self.watch.every(1), self._probe())]
            try:
                result.capacity = await self._capacity(traffic)
                await self._drained()
                result.normal = await self._phase("normal load", traffic, SHARE, 5 if options.short else 20)
                result.began, cpu = self.watch.now, own()
                result.over = await self._phase("overload", traffic, TIMES, options.seconds)
                result.ended, result.cost = self.watch.now, (own() - cpu).total / 1e6 / options.seconds
                result.calm = await self._phase("normal load again", traffic, SHARE, 8 if options.short else 15)
                await self._drained()
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
        await self._audit()
        return result

    async def _phase(self, name: str, traffic: Traffic, share: float, seconds: float) -> Sent:
        rate = share * self.result.capacity
        sent = await traffic.open_loop(rate, seconds)
        self.result.all.append(sent)
        print(f"{name}: {rate:.0f}/s for {seconds:g} s, {len(sent.accepted)} accepted, refused {sent.refusals}", flush=True)
        return sent

    async def _capacity(self, traffic: Traffic) -> float:
        """The orders a second that executors are given while as many come in as are taken."""
        warm, seconds = (3, 4) if self.options.short else (5, 10)
        loop = asyncio.create_task(traffic.closed_loop(AT_ONCE, warm + seconds))
        await asyncio.sleep(warm)
        before, start = await self._taken(), time.monotonic()
        await asyncio.sleep(seconds)
        capacity = (await self._taken() - before) / (time.monotonic() - start)
        self.result.all.append(await loop)
        print(f"capacity: {capacity:.0f} orders a second", flush=True)
        return capacity

    async def _taken(self) -> int:
        return int(texts((await self.redis("XINFO", "GROUPS", "orders:{0}:routed"))[0])["entries-read"])

    async def _drained(self) -> None:
        """Waits until all that was accepted is stored as confirmed."""
        deadline, accepted = time.monotonic() + 120, sum(len(sent.accepted) for sent in self.result.all)
        while await asyncio.to_thread(self._confirmed) < accepted:
            assert time.monotonic() < deadline, f"{self._confirmed()} of {accepted} orders are confirmed after two minutes"
            await asyncio.sleep(0.3)

    def _confirmed(self) -> int:
        return int(next(ledger.query(self.database, "SELECT count(*) FROM order_rows WHERE status = 'confirmed'")))

    async def _probe(self) -> None:
        """Asks every service whether it lives, as a supervisor does."""
        while True:
            for base in self.stack.addresses().values():
                try:
                    answer = await request(f"{base}/health/live", timeout=10 if self.options.short else 2)
                    self.result.probes.append(answer.seconds if answer.status == 200 else None)
                except Lost:
                    self.result.probes.append(None)
            await asyncio.sleep(0.25)

    async def _audit(self) -> None:
        result = self.result
        stored = await asyncio.to_thread(ledger.rows, self.database)
        accepted = {number: order for sent in result.all for number, (_, _, order) in sent.accepted.items()}
        refused = {number for sent in result.all for number in sent.refused}
        unknown = {number for sent in result.all for number in sent.unknown}
        result.problems = ledger.problems(accepted, refused, unknown, stored, await ledger.landed(self.redis))
        result.rows = {number: found[0] for number, found in stored.items()}
        result.problems += [problem for sent in result.all for problem in sent.wrong]


def _times(result: Result, sent: Sent) -> Spread:
    """From the acceptance to the event `confirmed`, both by Redis' clock."""
    found = spread([row.seconds for number in sent.accepted if (row := result.rows.get(number)) and row.ended])
    assert found is not None, "no order was accepted"
    return found


def judged(result: Result, watch: Watch, short: bool) -> list[Finding]:
    """What must hold. The short form leaves out what noise on a busy machine can break."""
    normal, over = _times(result, result.normal), _times(result, result.over)
    bound = max(1.5 * normal.p99, normal.p99 + 1000 * EXPECTED_WAIT)
    waits = spread([(row.begun - row.accepted) / 1000 for number in result.over.accepted if (row := result.rows.get(number)) and row.begun])
    findings = [
        Finding("orders with a fault in their records", str(len(result.problems)), "0", not result.problems),
        Finding("accepted", str(len(result.over.accepted)), "", True),
        Finding("refused", result.over.refusals, "some", "503 OVERLOADED" in result.over.why),
        *(_refusals(result, keyed, short) for keyed in (False, True)),
        Finding("normal: accepted to confirmed, p50 / p99", f"{normal.p50:.0f} / {normal.p99:.0f} ms", "", True),
        Finding("overload: accepted to confirmed, p50 / p99 / max", f"{over.p50:.0f} / {over.p99:.0f} / {over.max:.0f} ms",
                f"p99 at most {bound:.0f} ms" if not short else "p99 at most 3 s", over.p99 <= (3000 if short else bound)),
    ]
    if waits:
        findings.append(Finding("overload: accepted to begun, p50 / p99 / max", f"{waits.p50:.0f} / {waits.p99:.0f} / {waits.max:.0f} ms", "", True))
    late = spread(result.over.late)
    findings.append(Finding("the load generator's own delay, p50 / p99", f"{late.p50:.1f} / {late.p99:.1f} ms" if late else "none", "", True))
    return [*findings, _recovery(result, *((3 * bound, 0.1, 2.0) if short else (bound, 0.01))), *_lives(result), *_bounded(result, watch)]


def _refusals(result: Result, keyed: bool, short: bool) -> Finding:
    times = spread([answered - due for number, (due, answered, _) in result.over.refused.items() if has_key(number) == keyed])
    figure = "none" if times is None else f"{times.p50:.1f} / {times.p99:.1f} / {times.max:.1f} ms"
    what = f"refusals with{'' if keyed else 'out'} Idempotency-Key, p50 / p99 / max"
    return Finding(what, figure, "p99 below 50 ms", short or times is not None and times.p99 < 50)


def _recovery(result: Result, limit: float, late: float, lasting: float | None = None) -> Finding:
    """`lasting`: how many seconds of it are enough. After a second in which the machine stands still the engine refuses orders once more."""
    begun = min((due for due, *_ in [*result.calm.accepted.values(), *result.calm.refused.values()]), default=0.0)
    orders = [(due - begun, row.seconds if (row := result.rows.get(number)) else None) for number, (due, *_) in result.calm.accepted.items()]
    orders += [(due - begun, None) for due, _, status in result.calm.refused.values() if status != 429]
    found = back_to_normal(orders, limit / 1000, late, lasting=lasting)
    return Finding("normal again after", "never" if found is None else f"{found:.1f} s", "5 s", found is not None and found <= 5)


def _lives(result: Result) -> list[Finding]:
    answered = spread([seconds for seconds in result.probes if seconds is not None])
    lost = sum(1 for seconds in result.probes if seconds is None)
    figure = "none" if answered is None else f"{lost} of {len(result.probes)}; p99 {answered.p99:.0f} ms"
    return [Finding("liveness probes without an answer", figure, "0", answered is not None and not lost)]


def _bounded(result: Result, watch: Watch) -> list[Finding]:
    findings = []
    for name, pid in sorted(watch.lives):
        memory, descriptors = watch.of((name, pid), "memory"), watch.of((name, pid), "descriptors")
        before = max((value for at, value in memory if at < result.began), default=0)
        peak = max(value for _, value in memory)
        room = MEMORY_ROOM if not name.startswith(("redis", "postgres")) else 1 << 30
        findings.append(Finding(
            f"{name}: memory before / at most", f"{before / 2**20:.0f} / {peak / 2**20:.0f} MiB", f"{room >> 20} MiB more", peak <= before + room))
        most = max(value for _, value in descriptors)
        findings.append(Finding(
            f"{name}: descriptors at first / at most / at last", f"{descriptors[0][1]} / {most} / {descriptors[-1][1]}",
            f"{4 * CONNECTIONS}", most <= 4 * CONNECTIONS))
    memory = watch.memory_of_redis()
    third = after([point for point in memory if point[0] <= result.ended], result.ended - (result.ended - result.began) / 3)
    rise, most = growth(third), max(value for _, value in memory)
    findings.append(Finding(
        "redis: memory without the ledger at most, its rise in the last third", f"{most / 2**20:.0f}, {rise / 2**20:.1f} MiB",
        f"{REDIS_MOST >> 20}, {REDIS_RISE >> 20} MiB", most <= REDIS_MOST and rise <= REDIS_RISE))
    return findings


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="scripts/overload", description="Offers a private engine three times the orders that it can take, and judges what it does.",
        epilog="SECONDS says for how long (120). STACK_BIN says where the executables are. Exit code 1 if anything does not hold.")
    parser.add_argument("--short", action="store_true", help="12 s on a small engine, for debug executables; judges only what noise cannot fake")
    given = parser.parse_args(arguments)
    seconds = float(os.environ.get("SECONDS") or (12 if given.short else 120))
    return Options(seconds, given.short, SETTINGS | ({"ROUTER_CONCURRENCY": "24"} if given.short else {}))


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    with scratch() as folder:
        names = {name: (["trade", "read"], user) for name, user in CALLERS.items()}
        keys = Keys(folder, names, LIMITS)
        os.chmod(keys.path, 0o644)
        stack = PrivateStack(folder / "run", **{name: os.environ.get(name, value) for name, value in options.settings.items()},
                             API_KEYS_FILE=str(keys.path))
        with running(stack):
            run = Run(stack, keys, options)
            result = asyncio.run(run.main())
    findings = judged(result, run.watch, options.short)
    print(table(f"capacity {result.capacity:.0f}/s; load generator {result.cost:.2f} cores", findings))
    for problem in result.problems[:20]:
        print(problem)
    return 0 if all(finding.holds for finding in findings) else 1
