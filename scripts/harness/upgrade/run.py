"""Upgrades a running engine from the previous release to this one as docs/runbook.md says, under clients that know nothing of it. Then audits it.

This release is that of STACK_BIN (.build/debug). The previous one is built below .build-previous, once."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.checks import passes
from harness.private import PrivateStack, running, scratch, until
from harness.runner.settings import ROOT, Problem

from . import audit, previous
from .clients import USER, Clients, UserFollower, followed, streamed
from .previous import Release
from .stack import PARTITIONS, SETTINGS, UpgradedStack

CLIENTS, ORDERS = 4, 50  # orders of each release, at least
OTHER_FORM = "This version keeps orders in another form"


@contextmanager
def _step(name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"  {name} ({time.monotonic() - begun:.1f} s)", flush=True)


def _upgrade(stack: UpgradedStack, new: Release, clients: Clients) -> audit.Before:
    """Upgrades while clients place orders. The engine is still paused then."""
    with _step("beside the previous release no service starts"):
        stack.refuses(new, OTHER_FORM, "is still running with the other version")
    stack.orderctl("pause", "--reason", "upgrade")
    with _step("clients are told of the pause"):
        until(lambda: clients.refused["PAUSED"] >= CLIENTS, "the clients were not told of the pause")
        audit.replayed(stack, clients.placed[:1])
    with _step("over orders that are under way no service starts, and the previous release takes them up again"):
        assert stack.waiting() > 0, "no order was alive"
        stack.stop_services()
        stack.refuses(new, OTHER_FORM, "and not all entries of orders:{")
        assert "started again" in stack.call("up")
    with _step("the previous release drains"):
        stack.drain()
    before = audit.Before.read(stack, clients.placed)
    with _step("the previous release stops, and this one starts on its data"):
        stack.call("down")
        stack.use(new)
        stack.call("up")
        stack.doctor()
    return before


def _run(stack: UpgradedStack, old: Release, new: Release) -> str:
    clients, follower = Clients(stack.base, CLIENTS), UserFollower(stack.base)
    with follower.at_work():
        with clients.at_work():
            with _step("the previous release takes orders"):
                clients.reach(ORDERS)
            left = clients.placed[-1].id
            seen = followed(stack.base, left, 0, 2)
            before = _upgrade(stack, new, clients)
            with _step("this release shows what was, and answers what is repeated"):
                before.same_answers(stack)
            rest = followed(stack.base, left, len(seen))
            assert rest and streamed(stack.base, left, len(seen)) == rest, rest
            stack.orderctl("resume")
            with _step("this release takes orders"):
                clients.reach(len(before.placed) + ORDERS)
            with _step("beside this release the previous one does not start"):
                stack.refuses(old, f"PARTITIONS is {PARTITIONS}, but", "and the engine is not paused")
        with _step("this release drains"):
            stack.drain()
        mine = clients.of(USER)
        until(lambda: follower.ended() >= mine, "the user did not see the end of each order")
    with _step("each order was confirmed once, and nobody has missed anything"):
        found = asyncio.run(audit.audited(stack))
        audit.complete(stack, clients, found)
        before.kept(found)
        assert follower.events == {order: found.events[order] for order in mine}, "the user has seen other events"
        assert found.events[left] == seen + rest, f"{seen} and then {rest}, not {found.events[left]}"
        stack.doctor()
    repeated = ", ".join(f"{count} for {why}" for why, count in (clients.refused + Counter()).most_common())
    return f"{len(before.placed)} orders before, {len(clients.placed) - len(before.placed)} after; requests repeated: {repeated}"


def _with_logs(stack: UpgradedStack, old: Release, new: Release) -> str:
    """Runs the test. If it fails, prints the ends of the logs."""
    with running(stack):
        try:
            return _run(stack, old, new)
        except Exception:
            for name in stack.run.names():
                print(f"--- {name}\n" + "\n".join(stack.run.last_lines(name, 5)))
            raise


def main(_arguments: list[str]) -> int:
    if (why := previous.missing()) is not None:
        print(f"not tested: the history here does not have the previous release, {previous.COMMIT[:7]}, so there is nothing to upgrade from ({why})")
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
        return 0 if passes("upgrade", lambda: _with_logs(stack, old, new)) else 1
