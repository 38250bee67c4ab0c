"""`scripts/sanitize [address | thread]`: runs tests in builds with AddressSanitizer and ThreadSanitizer, and fails with any report of theirs."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.bench.report import table
from harness.runner.settings import ROOT, Problem

HERE = Path(__file__).parent
_CHECKS = ("--explicit-target-dependency-import-check", "error")
_DONE = re.compile(r"Test run with (\d+) tests? in \d+ suites? (passed|failed)")
_REPORT = re.compile(r"^(?:==\d+==ERROR: |WARNING: )(\w+Sanitizer: .*)$", re.MULTILINE)


# Without HeadRoomTests: thousands of requests at the limits, each with its deadline, which such a build does not keep.
_SERVER = r"^HTTPTests\.(HTTPClient|Limit|Message|Query|ResponseStream|Routing|Server|Strictness|WebSocket)Tests"


@dataclass(frozen=True)
class Sanitizer:
    name: str
    what: str
    # Each is a run of its own: all tests of one share a loop.
    filters: tuple[str, ...]
    options: dict[str, str]


SANITIZERS = (
    Sanitizer(
        "address", "whatever reads bytes from outside, and whole engines with hostile clients",
        (
            "^(JSON|Access|Orders|Configuration|Fuzz)Tests", "^RedisTests", _SERVER,
            r"^EndToEndTests\.(RefusalTests|SocketTests|NativeTests|IdempotencyTests|CancelTests|EventStreamTests)",
        ),
        {
            "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:check_initialization_order=1",
            "LSAN_OPTIONS": f"suppressions={HERE / 'leaks.txt'}:print_suppressions=0",
        }),
    Sanitizer(
        "thread", "whatever leaves the loop's thread: look-ups of names, logs, calls from other threads, and the tests' own threads",
        (
            # Without CrashLineTests, whose processes crash on purpose.
            r"^(EventLoopTests|ObservabilityTests\.(DescriptorSink|Health|Isolation|Logger|Metrics)Tests)", "^(Redis|Postgres)Tests", _SERVER,
        ),
        {"TSAN_OPTIONS": f"suppressions={HERE / 'races.txt'}:print_suppressions=0:second_deadlock_stack=1"}),
)


@dataclass
class Outcome:
    sanitizer: Sanitizer
    tests: int
    is_passed: bool
    reports: list[str]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/sanitize", description="Runs tests with sanitizers, and fails with any report of theirs.")
    parser.add_argument("sanitizers", nargs="*", metavar="SANITIZER", help="address or thread; both without one")
    options = parser.parse_args(arguments)
    known = [sanitizer.name for sanitizer in SANITIZERS]
    if unknown := [name for name in options.sanitizers if name not in known]:
        parser.error(f"there is no sanitizer {unknown[0]}; there are {', '.join(known)}")
    chosen = [sanitizer for sanitizer in SANITIZERS if sanitizer.name in (options.sanitizers or known)]
    try:
        outcomes = [_run(sanitizer) for sanitizer in chosen]
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    print(table(("sanitizer", "tests", "reports"), [(outcome.sanitizer.name, outcome.tests, len(outcome.reports)) for outcome in outcomes]))
    return 0 if all(outcome.is_passed and not outcome.reports for outcome in outcomes) else 1


def _run(sanitizer: Sanitizer) -> Outcome:
    scratch = ROOT / f".build-{sanitizer.name}"
    build = ["swift", "build", "--build-tests", "--sanitize", sanitizer.name, "--scratch-path", str(scratch), *_CHECKS]
    if subprocess.run(build, cwd=ROOT, check=False).returncode != 0:
        raise Problem(f"The build with the {sanitizer.name} sanitizer has failed.")
    folder = scratch / "reports"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    outcome = Outcome(sanitizer, 0, True, [])
    for tests in sanitizer.filters:
        _test(sanitizer, scratch, tests, folder, outcome)
    for file in sorted(folder.glob("report.*")):
        text = file.read_text(encoding="utf-8", errors="replace")
        outcome.reports += _REPORT.findall(text)
        print(f"{file}:\n{text[:4000]}", file=sys.stderr)
    return outcome


def _test(sanitizer: Sanitizer, scratch: Path, tests: str, folder: Path, outcome: Outcome) -> None:
    # The services of a test inherit this, too. A crash must end a process at once, and not wait for a debugger.
    environment = {**os.environ, **sanitizer.options, "SWIFT_BACKTRACE": "enable=no"}
    for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
        environment[name] = ":".join(filter(None, (sanitizer.options.get(name), f"log_path={folder / 'report'}")))
    command = ["swift", "test", "--skip-build", "--sanitize", sanitizer.name, "--scratch-path", str(scratch), *_CHECKS, "--filter", tests]
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env=environment, check=False)
    found = _DONE.search(done.stdout)
    outcome.tests += int(found[1]) if found else 0
    if done.returncode != 0 or not found:
        outcome.is_passed = False
        print(done.stdout[-6000:], file=sys.stderr)
