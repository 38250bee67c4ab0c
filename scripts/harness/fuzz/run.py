"""`scripts/fuzz [TARGET... | --write]`: searches with libFuzzer for inputs that a reader of the engine cannot bear."""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from harness.bench.report import table
from harness.runner.settings import ROOT, Problem

from . import corpus
from .build import build
from .search import Finding, keep, search


def _number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise Problem(f"{name} is a whole number from 1, not '{text}'.")
    return int(text)


def main(arguments: list[str]) -> int:
    known = corpus.names()
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz",
        description="Tries RUNS changed inputs for each target (1,000,000), or as many as it can in MINUTES for all (20), on all cores.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(known)}; all of them without one")
    parser.add_argument("--write", action="store_true", help="keep the inputs that reach new code")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.targets if name not in known]:
        parser.error(f"there is no target {unknown[0]}; there are {', '.join(known)}")
    try:
        return _run(options.targets or known, options.write)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1


def _run(targets: list[str], write: bool) -> int:
    runs, minutes, cores = _number("RUNS", 1_000_000), _number("MINUTES", 20), os.cpu_count() or 1
    executable = build()
    seconds = minutes * 60 * min(cores, len(targets)) / len(targets)
    with ThreadPoolExecutor(cores) as pool:
        findings = list(pool.map(lambda target: search(executable, target, runs, seconds), targets))
        if write:
            list(pool.map(lambda target: keep(executable, target), targets))
    print(table(
        ("target", "inputs tried", "crashes", "edges reached", "kept inputs"),
        [(found.target, found.inputs, len(found.crashes), found.edges, len(corpus.inputs(found.target))) for found in findings]))
    broken = [found for found in findings if found.crashes or not found.inputs]
    for found in broken:
        _tell(found)
    return 1 if broken else 0


def _tell(found: Finding) -> None:
    print(f"{found.target}: see {found.log.relative_to(ROOT)}; an input as a line of the corpus:", file=sys.stderr)
    for crash in found.crashes:
        print(corpus.line(crash.read_bytes()), file=sys.stderr)
