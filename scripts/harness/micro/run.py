"""`scripts/micro`: counts instructions and allocations of what is hot, and compares them with the baseline."""

import argparse
import signal
import sys
import time
from pathlib import Path

from harness.bench.report import table
from harness.runner.settings import ROOT, Problem

from .baseline import Baseline, judged, load, save, tools
from .cases import NAMES
from .counting import Figures, figures


def _cases(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.replace(",", " ").split() if name)
    if not names or any(name not in NAMES for name in names):
        raise argparse.ArgumentTypeError(f"the cases are {', '.join(NAMES)}")
    return names


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/micro",
        description="Counts what is hot under callgrind, and fails where it costs over 5 % more than Benchmarks/micro/baseline.json says.")
    parser.add_argument("--cases", type=_cases, default=NAMES, help="some of the cases, with commas between them")
    parser.add_argument("--write", action="store_true", help="make these figures the baseline")
    parser.add_argument(
        "--executable", type=Path, default=ROOT / ".build-release/release/micro-benchmark", help=".build-release/release/micro-benchmark")
    options = parser.parse_args(arguments)
    # Whoever ends this program ends what it has started, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=sys.stderr, flush=True)

    try:
        now = Baseline(tools(), figures(options.executable.absolute(), options.cases, say))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return _end(now, options.write)


def _end(now: Baseline, write: bool) -> int:
    before = load()
    print(_text(now.cases, before))
    if write:
        # A renewal of some cases must not mix figures of different tools.
        kept = before.cases if before and before.tools == now.tools else {}
        save(Baseline(now.tools, {name: counts for name, counts in ({**kept, **now.cases}).items() if name in NAMES}))
        print("The baseline is written.")
        return 0
    verdict = judged(now, before, whole=len(now.cases) == len(NAMES))
    for sentence in verdict.notes + verdict.problems:
        print(sentence)
    return 1 if verdict.problems else 0


def _text(cases: Figures, before: Baseline | None) -> str:
    known = before.cases if before else {}

    def change(name: str) -> str:
        return f"{cases[name].instructions / known[name].instructions - 1:+.1%}" if name in known else "–"

    rows = [(name, round(counts.instructions), round(counts.allocations, 1), change(name)) for name, counts in cases.items()]
    return table(("an operation", "instructions", "allocations", "to the baseline"), rows)
