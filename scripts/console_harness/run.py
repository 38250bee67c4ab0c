"""Runs the tests in groups, two at once, each on a stack and in a browser of its own: those that stop things,
those about orders and what they cost, lists and lost answers, a backlog and splits."""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import access, activity, backlog, below, doubt, legs, orders, outages, risk, standing
from .browser import browser
from .engine import FAST, Engine
from .pictures import take

GROUPS = (
    (outages.TESTS + access.TESTS[:2] + standing.TESTS, {}),
    (orders.TESTS + access.TESTS[2:] + risk.TESTS + below.TESTS, {}),
    (activity.TESTS + doubt.TESTS, {}),
    (backlog.TESTS + legs.TESTS, backlog.SETTINGS | legs.SETTINGS))


def main(arguments):
    with tempfile.TemporaryDirectory(prefix="console-test-") as folder:
        os.chmod(folder, 0o755)  # Postgres' user must get through
        if arguments[:1] == ["--pictures"]:
            return take(folder, Path(arguments[1]))
        groups = [([test for test in tests if not arguments or arguments[0] in test.__name__], settings) for tests, settings in GROUPS]
        with ThreadPoolExecutor(max_workers=2) as pool:
            passed = sum(pool.map(run, groups, (Path(folder) / str(number) for number in range(len(groups)))))
    total = sum(len(tests) for tests, _ in groups)
    print(f"console: {passed} of {total} passed")
    return 0 if 0 < passed == total else 1


def run(group, folder):
    """How many of the tests pass, each leaving the stack whole for the next."""
    tests, settings = group
    if not tests:
        return 0
    folder.mkdir(mode=0o755)
    engine = Engine(folder, **FAST | settings)
    try:
        engine.stack("up")
        with browser() as chromium:
            return sum(passes(test, engine, chromium) for test in tests)
    finally:
        engine.stack("clean")


def passes(test, engine, chromium):
    begun = time.monotonic()
    try:
        test(engine, chromium)
    except Exception as problem:  # noqa: BLE001 the next test may tell more
        print(f"FAILED  {test.__name__}: {type(problem).__name__}: {problem}", flush=True)
        return False
    finally:
        engine.heal()
    print(f"ok      {test.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
    return True
