"""The figures that are committed, and what the new ones are beside them."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness.http_client import Json
from harness.runner.servers import program
from harness.runner.settings import ROOT

from .callgrind import Counts

FILE = ROOT / "Benchmarks/micro/baseline.json"
# How far a figure may be from its baseline.
BOUND = 0.05
# The same with another compiler or library, whose own code is counted too: only what is clearly another algorithm is seen.
WIDE = 0.25
RENEW = "`scripts/micro --write` renews the baseline"
UNITS = ("instructions", "allocations")


@dataclass(frozen=True)
class Baseline:
    tools: Mapping[str, str]
    cases: Mapping[str, Counts]


@dataclass
class Verdict:
    """What is to be said, one sentence each."""

    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def _version(*argv: str, pattern: str) -> str:
    try:
        done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
    except OSError:
        return ""
    found = re.search(pattern, done.stdout)
    return found[1] if found else ""


def tools() -> dict[str, str]:
    """What the figures depend on besides the sources."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    return {
        "architecture": platform.machine() + (" with AVX2" if "avx2" in flags else ""),
        "compiler": _version("swift", "--version", pattern=r"Swift version (\S+)"),
        "libc": os.confstr("CS_GNU_LIBC_VERSION") or "",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "redis": _version(program("redis-server"), "--version", pattern=r"v=(\S+)"),
        "valgrind": _version(program("valgrind"), "--version", pattern=r"valgrind-(\S+)")}


def load(path: Path = FILE) -> Baseline | None:
    """The baseline; None if there is none."""
    try:
        json_text = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Baseline(json_text["tools"], {name: Counts(**counts) for name, counts in json_text["cases"].items()})


def save(baseline: Baseline, path: Path = FILE) -> None:
    cases: Json = {name: {unit: round(value, 1) for unit, value in asdict(counts).items()} for name, counts in baseline.cases.items()}
    path.write_text(json.dumps({"tools": dict(baseline.tools), "cases": cases}, indent=1) + "\n", encoding="utf-8")


def judged(now: Baseline, before: Baseline | None, whole: bool = True) -> Verdict:
    """Compares figures with the baseline. `whole`: whether all cases were counted."""
    verdict = Verdict()
    if before is None:
        verdict.problems.append("There is no baseline: `scripts/micro --write` makes one.")
        return verdict
    bound = _bound(now.tools, before.tools, verdict)
    if bound is None:
        return verdict
    for name, counts in now.cases.items():
        if name not in before.cases:
            verdict.problems.append(f"{name} has no figure in the baseline; {RENEW}.")
            continue
        for unit in UNITS:
            _compare(name, unit, getattr(counts, unit), getattr(before.cases[name], unit), bound, verdict)
    if whole:
        verdict.problems += [f"The baseline has a figure of {name}, which is no case; {RENEW}." for name in before.cases if name not in now.cases]
    return verdict


def _bound(now: Mapping[str, str], before: Mapping[str, str], verdict: Verdict) -> float | None:
    """How far figures may differ; None if they cannot be compared."""
    others = [f"{name} {before.get(name) or 'unknown'} (here {now[name] or 'unknown'})" for name in now if now[name] != before.get(name)]
    if not others:
        return BOUND
    said = f"The baseline was counted with {', '.join(others)}"
    if now["architecture"] != before.get("architecture"):
        verdict.notes.append(f"{said}: instructions of another processor cannot be compared, so nothing is checked.")
        return None
    verdict.notes.append(f"{said}: so only what is {WIDE:.0%} above it is a failure. {RENEW}.")
    return WIDE


def _compare(name: str, unit: str, now: float, before: float, bound: float, verdict: Verdict) -> None:
    if before == 0:
        if now > 0.5:
            verdict.problems.append(f"{name} takes {now:,.1f} {unit} an operation; in the baseline it takes none.")
        return
    change = now / before - 1
    said = f"{name} takes {now:,.0f} {unit} an operation, {abs(change):.1%} {'more' if change > 0 else 'less'} than the {before:,.0f} of the baseline"
    if now > before * (1 + bound):
        verdict.problems.append(said + ".")
    elif now < before * (1 - bound):
        verdict.notes.append(f"{said}; {RENEW}.")
