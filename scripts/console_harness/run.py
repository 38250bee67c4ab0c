"""Runs the tests on one stack and one browser, in an order in which each leaves the stack whole."""

import os
import tempfile
import time
from pathlib import Path

from . import access, orders, outages
from .browser import browser
from .engine import FAST, Engine
from .pictures import take


def main(arguments):
    with tempfile.TemporaryDirectory(prefix="console-test-") as folder:
        os.chmod(folder, 0o755)  # Postgres' user must get through
        if arguments[:1] == ["--pictures"]:
            return take(folder, Path(arguments[1]))
        tests = [test for part in (orders, access, outages) for test in part.TESTS if not arguments or arguments[0] in test.__name__]
        engine = Engine(folder, **FAST)
        try:
            engine.stack("up")
            with browser() as chromium:
                failed = [test for test in tests if not passes(test, engine, chromium)]
        finally:
            engine.stack("clean")
    print(f"console: {len(tests) - len(failed)} of {len(tests)} passed")
    return 1 if failed or not tests else 0


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
