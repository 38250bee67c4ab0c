"""Tests the web console in a browser, on stacks of its own with the executables of STACK_BIN (.build/debug).

The tests run in groups, two at once. Each group has a stack and a browser of its own: tests that stop processes, tests of orders and their cost, of
lists and lost answers, of a backlog and splits."""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.checks import Test, passes, tests_of
from harness.private import private_stack

from . import access, activity, backlog, orders, outages, pictures
from .browser import browser

FAST = {"MOCK_FAILURE_RATE": "0", "MOCK_SWAP_LATENCY_MS": "400", "MOCK_QUOTE_LATENCY_MS": "50", "MOCK_SEED": "11"}
GROUPS = (
    (tests_of(outages) + tests_of(access)[:2], {}),
    (tests_of(orders) + tests_of(access)[2:], {}),
    (tests_of(activity), {}),
    (tests_of(backlog), backlog.SETTINGS))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/test-console", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="", help="only the tests whose name contains it")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="no tests: the pictures of the README, written to FOLDER")
    given = parser.parse_args(arguments)
    if given.pictures:
        with private_stack(**FAST | pictures.BUSY) as engine, browser() as chromium:
            pictures.take(engine, chromium, given.pictures)
        return 0
    groups = [([test for test in tests if given.name in test.__name__], settings) for tests, settings in GROUPS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = sum(pool.map(_passed, groups))
    total = sum(len(tests) for tests, _ in groups)
    print(f"console: {passed} of {total} passed")
    return 0 if 0 < passed == total else 1


def _passed(group: tuple[list[Test], dict[str, str]]) -> int:
    """Runs the tests of a group and returns how many pass. Each test leaves the stack whole for the next."""
    tests, settings = group
    if not tests:
        return 0
    passed = 0
    with private_stack(**FAST | settings) as engine, browser() as chromium:
        for test in tests:
            passed += passes(test.__name__, lambda test=test: test(engine, chromium))
            engine.heal()
    return passed
