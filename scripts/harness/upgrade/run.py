"""Upgrades a running engine from the previous release to this one as docs/runbook.md says, with clients that know nothing of it. Then audits all orders.

This release is that of STACK_BIN (.build/debug). The previous one is built below .build-previous, once."""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.chaos import records
from harness.chaos.audit import Audit
from harness.checks import passes
from harness.http_client import Json, ask
from harness.orders import fields_of
from harness.private import PrivateStack, running, scratch, until
from harness.redis_client import Redis
from harness.runner.processes import end
from harness.runner.settings import ROOT, SERVICES, Problem

from . import previous
from .clients import USER, Clients, Placed, UserFollower, followed, post
from .previous import Release

CLIENTS, ORDERS = 6, 70  # orders of each release, at least
PARTITIONS = 2
# Orders live for seconds, some are tried again, and the large ones are split. With so many attempts none fails.
SETTINGS = {
    "PARTITIONS": str(PARTITIONS), "ROUTING": "split", "MOCK_SWAP_LATENCY_MS": "2000-3000", "MOCK_FAILURE_RATE": "0.05", "MAX_ATTEMPTS": "10",
    "RETRY_BASE_MS": "100", "MOCK_VOLATILITY_BPS": "0"}


class UpgradedStack(PrivateStack):
    """A stack that goes from one release to another, with the scripts and executables of each."""

    def use(self, release: Release) -> None:
        self.root = release.root
        self.env["STACK_BIN"] = str(release.executables)

    def waiting(self) -> int:
        """What `orderctl lag` shows as waiting or in hand."""
        report = json.loads(self.orderctl("lag", "--json"))
        groups = [group for stream in report["streams"] for group in stream["groups"]]
        return sum(group["lag"] + group["pending"] for group in groups) + report["retries"]["waiting"] + report["deadLetters"]

    def drained(self) -> None:
        until(lambda: self.waiting() == 0, "the engine did not drain", 40)

    def healthy(self) -> None:
        """Checks that the doctor finds no fault."""
        try:
            self.orderctl("doctor")
        except subprocess.CalledProcessError as fault:
            raise AssertionError(fault.stdout) from None

    def stop_services(self) -> None:
        """Stops all services in the order to do so, whatever they have in hand."""
        pids = [pid for name, pid in self.pids().items() if name.startswith(SERVICES)]
        assert not end(pids, signal.SIGTERM, 20), "a service did not stop"

    def refused(self, release: Release, reason: str) -> None:
        """Checks that no service of that release starts here, and that each says why."""
        variables = self.run.variables()
        environment = self.env | {name: variables[name] for name in ("REDIS_URL", "DATABASE_URL")} | {"PORT": "0", "BIND": "127.0.0.1"}

        def start(service: str) -> tuple[int, str]:
            done = subprocess.run(
                [release.executables / service], cwd=release.root, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, timeout=30, check=False)
            return done.returncode, done.stderr

        with ThreadPoolExecutor() as pool:
            for service, (code, said) in zip(SERVICES, pool.map(start, SERVICES), strict=True):
                assert code == 78 and said.startswith(f"{service}: This version keeps orders in another form") and reason in said, (code, said)
        assert self.redis("GET", "orders:{agreed}:layout") is None, "a process that was refused has changed something"


@dataclass
class Before:
    """What clients had seen before the upgrade."""

    placed: list[Placed]
    texts: dict[str, str]  # path -> what the previous release answered


@dataclass
class Books:
    """What the audit of `chaos` needs to know of a stack."""

    database_url: str
    redis: Redis
    violations: list[str] = field(default_factory=list)
    submissions: tuple[()] = ()  # the clients are not those of `chaos`
    windows: tuple[()] = ()
    measures: dict[str, list[float]] = field(default_factory=dict)
    partitions: range = range(PARTITIONS)

    @property
    def stack(self) -> "Books":
        return self

    @property
    def clients(self) -> "Books":
        return self

    def prefix(self, partition: int, space: str = "orders") -> str:
        return f"{space}:{{{partition}}}:"

    def violation(self, what: str, order: str = "") -> None:
        self.violations.append(f"{order} {what}")


@contextmanager
def _step(name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"  {name} ({time.monotonic() - begun:.1f} s)", flush=True)


def _texts(stack: PrivateStack, orders: list[str]) -> dict[str, str]:
    paths = [path for order in orders for path in (f"/api/orders/{order}", f"/api/orders/{order}/events")]
    paths += [f"/api/orders?userId={USER}&limit=100", "/api/orders?limit=100", "/api/orders?limit=100&view=summary"]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(paths, pool.map(stack.text, paths), strict=True))


def _same_answers(stack: PrivateStack, before: Before) -> None:
    """Checks that orders from before the upgrade are shown as they were, and that a repeated request gets the answer that it got then."""
    for path, text in _texts(stack, [placed.id for placed in before.placed]).items():
        assert text == before.texts[path], f"{path} was\n{before.texts[path]}\nand is\n{text}"
    _replayed(stack, before.placed)


def _replayed(stack: PrivateStack, orders: list[Placed]) -> None:
    for placed in orders:
        again = post(stack.base, placed.request, placed.key)
        assert (again.status, again.text) == (202, placed.answer.text), f"{placed.key}: {again.status} {again.text}, and it was {placed.answer.text}"
        assert again.headers.get("idempotent-replayed") == "true", again.headers


def _streamed(base: str, order: str, after: int) -> list[Json]:
    """The events after one that was seen, as server-sent events."""
    answer = ask(f"{base}/api/orders/{order}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": str(after)})
    return [json.loads(fields["data"]) for block in answer.text.split("\n\n") if "data" in (fields := fields_of(block))]


def _upgrade(stack: UpgradedStack, new: Release, clients: Clients) -> Before:
    with _step("beside the previous release no service starts"):
        stack.refused(new, "is still running with the other version")
    stack.orderctl("pause", "--reason", "upgrade")
    with _step("clients are told of the pause"):
        until(lambda: clients.refused["PAUSED"] >= CLIENTS, "no client was told of the pause")
        _replayed(stack, clients.placed[:1])
    with _step("over orders that are under way no service starts, and the previous release takes them up again"):
        assert stack.waiting() > 0, "no order was alive"
        stack.stop_services()
        stack.refused(new, "and not all entries of orders:{")
        assert "started again" in stack.call("up")
    with _step("the previous release drains"):
        stack.drained()
    before = Before(list(clients.placed), _texts(stack, [placed.id for placed in clients.placed]))
    with _step("the previous release stops, and this one starts on its data"):
        stack.call("down")
        stack.use(new)
        stack.call("up")
        stack.healthy()
    return before


def _run(stack: UpgradedStack, new: Release) -> str:
    clients, follower = Clients(stack.base, CLIENTS), UserFollower(stack.base)
    with follower.at_work():
        with clients.at_work():
            with _step("the previous release takes orders"):
                clients.reach(ORDERS)
            interrupted = clients.placed[-1].id
            seen = followed(stack.base, interrupted, 0, 2)
            before = _upgrade(stack, new, clients)
            with _step("this release shows what was, and answers what is repeated"):
                _same_answers(stack, before)
            rest = followed(stack.base, interrupted, len(seen))
            assert rest and _streamed(stack.base, interrupted, len(seen)) == rest, rest
            stack.orderctl("resume")
            with _step("this release takes orders"):
                clients.reach(len(before.placed) + ORDERS)
        with _step("this release drains"):
            stack.drained()
        mine = {placed.id for placed in clients.placed if placed.request.get("userId") == USER}
        until(lambda: {o for o, events in follower.events.items() if events[-1]["status"] == "confirmed"} == mine, "the user did not see all orders")
    with _step("each order was confirmed once, and nobody has missed anything"):
        found = asyncio.run(_audited(stack))
        _complete(stack, clients, found)
        _unchanged(before, found)
        assert all(found.events[order] == events for order, events in follower.events.items()), "the user has seen other events"
        assert found.events[interrupted] == seen + rest, f"{seen} and then {rest}, not {found.events[interrupted]}"
        stack.healthy()
    return f"{len(before.placed)} orders before, {len(clients.placed) - len(before.placed)} after; {dict(clients.refused)}, {follower.closes}"


async def _audited(stack: PrivateStack) -> records.Records:
    """All records, once the audit of `chaos` has found nothing in them."""
    variables = stack.run.variables()
    books = Books(variables["DATABASE_URL"], Redis(int(variables["REDIS_PORT"])))
    try:
        found = await records.read(books)
    finally:
        books.redis.close()
    Audit(books, found).run()
    assert not books.violations, "\n".join(books.violations[:10])
    return found


def _complete(stack: PrivateStack, clients: Clients, found: records.Records) -> None:
    """Checks that each request became one order, and that each order landed and is confirmed."""
    orders = {placed.id for placed in clients.placed}
    assert len(orders) == len(clients.placed) and set(found.rows) == orders, f"{len(clients.placed)} requests, {len(found.rows)} orders"
    states = {order: row["status"] for order, row in found.rows.items() if row["status"] != "confirmed"}
    assert not states and {order for order, _ in found.landed} == orders, states
    mine = sorted((placed.id for placed in clients.placed if placed.request.get("userId") == USER), reverse=True)
    listed, cursor = [], ""
    while cursor is not None:
        page = stack.get(f"/api/orders?userId={USER}&limit=50{cursor and '&cursor='}{cursor}")
        listed += [order["orderId"] for order in page["orders"]]
        cursor = page["nextCursor"]
    assert listed == mine, f"{len(listed)} orders are listed, and {len(mine)} were placed, or they stand in another order"


def _unchanged(before: Before, found: records.Records) -> None:
    """Checks that Postgres has every event that the previous release has shown."""
    for placed in before.placed:
        shown = json.loads(before.texts[f"/api/orders/{placed.id}/events"])["events"]
        assert found.events[placed.id] == shown, f"{placed.id}: {found.events[placed.id]} instead of {shown}"


def _with_logs(stack: UpgradedStack, new: Release) -> str:
    """Runs the test. If it fails, prints the ends of the logs."""
    with running(stack):
        try:
            return _run(stack, new)
        except Exception:
            for name in stack.run.names():
                print(f"--- {name}\n" + "\n".join(stack.run.last_lines(name, 5)))
            raise


def main(_arguments: list[str]) -> int:
    if (why := previous.missing()) is not None:
        print(f"not tested: the history here does not have the previous release, commit {previous.COMMIT} ({why})")
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        new = Release(ROOT, Path(os.environ.get("STACK_BIN") or ROOT / PrivateStack.executables).absolute())
        for program in previous.PROGRAMS:
            if not os.access(new.executables / program, os.X_OK):
                raise Problem(f"There is no executable {new.executables / program}; build it with `make build`, or say where it is with STACK_BIN.")
        old = previous.built()
    except Problem as problem:
        print(problem)
        return 1
    with scratch() as folder:
        stack = UpgradedStack(folder / "run", **SETTINGS)
        stack.use(old)
        return 0 if passes("upgrade", lambda: _with_logs(stack, new)) else 1
