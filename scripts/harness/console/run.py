"""Tests the web console in a browser, on stacks of its own with the executables of STACK_BIN (.build/debug).

The tests run in groups, two at once. Each group has a stack and a browser of its own: tests that stop processes, tests of orders and their cost, of
lists and lost answers and of pages of other sites, of a backlog and splits, of orders that wait for a price, of API keys."""

import argparse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.checks import Test, passes, tests_of
from harness.keys import Keys
from harness.private import private_stack, scratch

from . import access, activity, backlog, foreign, orders, outages, pictures, signing_in, waiting
from .browser import browser

FAST = {"MOCK_FAILURE_RATE": "0", "MOCK_SWAP_LATENCY_MS": "400", "MOCK_QUOTE_LATENCY_MS": "50", "MOCK_SEED": "11"}


@dataclass(frozen=True)
class Group:
    """Tests that share a stack and a browser."""

    tests: list[Test]
    settings: dict[str, str] = field(default_factory=dict)
    keyed: bool = False  # whether the engine has keys, which each test gets too


GROUPS = (
    Group(tests_of(outages) + tests_of(access)[:2]),
    Group(tests_of(orders) + tests_of(access)[2:]),
    Group(tests_of(activity) + tests_of(foreign)),
    Group(tests_of(backlog), backlog.SETTINGS),
    Group(tests_of(waiting), waiting.SETTINGS),
    Group(tests_of(signing_in), keyed=True))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/test-console", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="", help="only the tests whose name contains it")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="no tests: the pictures of the README, written to FOLDER")
    given = parser.parse_args(arguments)
    if given.pictures:
        with private_stack(**FAST | pictures.BUSY) as engine, browser() as chromium:
            pictures.take(engine, chromium, given.pictures)
        return 0
    groups = [replace(group, tests=[test for test in group.tests if given.name in test.__name__]) for group in GROUPS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = sum(pool.map(_passed, groups))
    total = sum(len(group.tests) for group in groups)
    print(f"console: {passed} of {total} passed")
    return 0 if 0 < passed == total else 1


def _passed(group: Group) -> int:
    """Runs the tests of a group and returns how many pass. Each test leaves the stack whole for the next."""
    if not group.tests:
        return 0
    passed = 0
    with scratch() as folder:
        keys = Keys(folder, signing_in.NAMES)
        own, more = ({"API_KEYS_FILE": str(keys.path)}, [keys]) if group.keyed else ({}, [])
        with private_stack(**FAST | group.settings | own) as engine, browser() as chromium:
            for test in group.tests:
                passed += passes(test.__name__, lambda test=test: test(engine, chromium, *more))
                engine.heal()
    return passed
