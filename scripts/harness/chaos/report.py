"""The result of a run: a table, and a file with the whole history of every order that has a violation."""

import json
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from harness.http_client import Json

from .options import ALL_FAULTS

if TYPE_CHECKING:
    from .run import Run


def write(run: "Run", code: int) -> None:
    world = run.world
    file = _histories(run, "violations.txt", world.violations) if world.violations else None
    if audit := getattr(run, "audit", None):
        _histories(run, "failovers.txt", [(note, order) for order, notes in audit.losses.notes.items() for note in notes])
    lines = [*_table(run), "", *_findings(run, file)]
    print("\n".join(lines), file=run.out, flush=True)
    if run.options.json:
        print(json.dumps(_summary(run, code, file)), flush=True)


def _outcomes(run: "Run") -> tuple[Counter[str], Counter[str]]:
    audit = getattr(run, "audit", None)
    ends = Counter(fold.end["status"] if fold.end else "not final" for fold in audit.folds.values()) if audit else Counter()
    codes = Counter(fold.end["error"]["code"] for fold in audit.folds.values() if fold.end and "error" in fold.end) if audit else Counter()
    return ends, codes


def _table(run: "Run") -> list[str]:
    world = run.world
    lines = ["", "faults injected"]
    lines += [f"  {name:<16} {world.tally[name]:>6}  {what}" for name, what in ALL_FAULTS.items() if name in run.options.faults]
    ends, codes = _outcomes(run)
    lines += ["", "orders"]
    lines += [f"  {name:<34} {count:>6}" for name, count in sorted(ends.items())]
    lines += [f"    {name:<32} {count:>6}" for name, count in sorted(codes.items())]
    if audit := getattr(run, "audit", None):
        lines += [f"  {'split, several legs landed':<34} {audit.split:>6}", f"  {'failed with a part filled':<34} {audit.partly:>6}"]
        waits = audit.waits
        if waits.fired:
            lines += [f"  {name:<34} {count:>6}" for name, count in (
                ("fired", waits.fired), ("waited again", waits.rested), ("pairs", waits.pairs), ("placed by a fill", waits.followed))]
    if world.clients is not None:
        outcomes = Counter(submission.outcome for submission in world.clients.submissions)
        lines += [f"  told to clients: {name:<17} {count:>6}" for name, count in sorted(outcomes.items())]
        if audit and world.rolled_back:
            lines += ["", "what failovers took", *audit.losses.lines()]
        lines += ["", "measured"]
        slowest = {f"slowest answer {status}, s": [seconds] for status, seconds in sorted(world.clients.slowest.items())}
        for name, values in sorted({**world.measures, **slowest}.items()):
            lines.append(f"  {name}: {_figures(values, name)}")
        if world.sockets.closed_with:
            lines.append(f"  sockets closed with: {dict(sorted(world.sockets.closed_with.items()))}")
    return lines


def _figures(values: list[float], name: str) -> str:
    if len(values) == 1 or "counted" in name:
        return ", ".join(f"{value:.2f}" if isinstance(value, float) else str(value) for value in values)
    ordered = sorted(values)
    median, late = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return f"n {len(values)}, median {median:.3f} s, p99 {late:.3f} s, most {ordered[-1]:.3f} s"


def _findings(run: "Run", file: Path | None) -> list[str]:
    world = run.world
    if not world.violations:
        return [f"violations 0  (seed {run.options.seed})"]
    lines = [f"VIOLATIONS {len(world.violations)}  (seed {run.options.seed}: {_again(run)})"]
    lines += [f"  {what}{f'  [{order}]' if order else ''}"[:400] for what, order in world.violations[:40]]
    if len(world.violations) > 40:
        lines.append(f"  and {len(world.violations) - 40} more")
    return [*lines, f"Each with its history: {file}; logs: {world.stack.run.logs}"]


def _again(run: "Run") -> str:
    options = run.options
    words = [f"scripts/{run.program}", "--seed", str(options.seed)]
    if run.program == "chaos":
        words += ["--orders", str(options.orders), "--rate", f"{options.rate:g}"]
    words += ["--cluster"] if options.cluster else []
    words += ["--replicas", str(options.replicas)] if options.replicas else []
    if run.program == "chaos" and options.faults != options.possible:
        words += ["--faults", ",".join(sorted(options.faults)) or "none"]
    return shlex.join(words + (["--short"] if options.short else []))


def _histories(run: "Run", name: str, findings: list[tuple[str, str]]) -> Path:
    """Writes the findings, then everything that is known of each order concerned."""
    world, path = run.world, run.path / name
    lines = [f"{order or '-':<36}  {what}" for what, order in findings]
    for order in sorted({order for _, order in findings if order}):
        lines.append(f"\n== {order}")
        for submission in world.clients.submissions:
            if order in submission.ids | submission.doubtful:
                lines.append(f"client: {submission.plan}\n  {submission.user} {submission.outcome} {submission.answers} {submission.cancel}")
                if submission.followed:
                    seen = [event["seq"] for event in submission.followed.events]
                    lines.append(f"socket: {seen} {submission.followed.closes} {submission.followed.problems}")
        if records := getattr(run, "records", None):
            lines += [f"postgres: {json.dumps(event)}" for event in records.events.get(order, [])]
            lines += [f"row: {json.dumps(records.rows.get(order))}", f"redis: {records.hashes.get(order)}"]
            lines += [f"landed: {json.dumps(landings)}" for (owner, _), landings in records.landed.items() if owner == order]
            lines += [f"injected: {key} {injected}" for key, injected in world.injected.items() if injected.order == order]
            lines += [f"dead letter: {json.dumps(letter)}" for letter in records.letters if letter.get("orderId") == order]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _summary(run: "Run", code: int, file: Path | None) -> Json:
    world = run.world
    ends, codes = _outcomes(run)
    return {
        "seed": run.options.seed, "exit": code, "orders": dict(ends), "errors": dict(codes), "faults": dict(world.tally),
        "measures": {name: _figures(values, name) for name, values in world.measures.items()},
        "violations": [{"what": what, "order": order} for what, order in world.violations[:200]],
        "violationsFile": str(file) if file else None,
    }
