"""The command: builds, runs the check, remembers."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from runner.settings import ROOT, Problem

from .catalogue import MUTATIONS
from .copy import Copy

SEEDS = (101, 102, 103)
# The copy has no Python packages of its own.
PYTHON = ROOT / ".venv/bin/python"


def say(text):
    print(text, flush=True)


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.copy = Copy(folder)
        self.results = folder / "results"
        self.logs = folder / "logs"
        for made in (self.results, self.logs):
            made.mkdir(parents=True, exist_ok=True)
        self.digest = self.copy.digest()

    def result(self, name):
        try:
            found = json.loads((self.results / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if found["sources"] == self.digest else None

    def remember(self, name, **values):
        result = {"sources": self.digest, **values}
        (self.results / f"{name}.json").write_text(json.dumps(result) + "\n", encoding="utf-8")
        return result

    def run(self, mutation):
        log = self.logs / f"{mutation.name}.log"
        log.write_bytes(b"")
        self.copy.restore()
        self.copy.apply(mutation)
        kind, what = mutation.check
        say(f"{mutation.name}: {mutation.takes_away}; building")
        self.copy.build(log, tests=kind == "test")
        start = time.monotonic()
        caught, by = self._test(what, log) if kind == "test" else self._chaos(what, log)
        result = self.remember(mutation.name, caught=caught, by=by, seconds=round(time.monotonic() - start))
        say(f"{mutation.name}: {'noticed by ' + by if caught else 'NOT NOTICED (' + by + ')'}")
        return result

    def _test(self, what, log):
        with open(log, "ab") as output:
            done = subprocess.run(["swift", "test", "--skip-build", "--filter", what], cwd=self.copy.tree, stdout=output, stderr=output, check=False)
        failed = "recorded an issue" in log.read_text(encoding="utf-8", errors="replace")
        return done.returncode != 0 and failed, f"swift test --filter {what}"

    def _chaos(self, faults, log):
        for seed in SEEDS:
            found = self.chaos(self.copy.executables, self.copy.tree, faults, seed, log)
            broken = [entry["what"] for entry in found["violations"] if not entry["what"].startswith(("the harness", "the stack"))]
            if broken:
                return True, f"chaos --faults {faults}, seed {seed}: {broken[0][:120]}"
        return False, f"chaos --faults {faults}, seeds {', '.join(map(str, SEEDS))}"

    @staticmethod
    def chaos(executables, tree, faults, seed, log):
        with open(log, "ab") as output:
            done = subprocess.run(
                [PYTHON, tree / "scripts/chaos", "--short", "--json", "--seed", str(seed), "--faults", faults], stdout=subprocess.PIPE, stderr=output,
                env={**os.environ, "STACK_BIN": str(executables)}, check=False)
        try:
            return json.loads(done.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            raise Problem(f"The chaos run did not come to a result; see {log}.") from None

    def baseline(self):
        """Nothing is noticed where nothing was taken away: each set of faults passes first."""
        if self.result("baseline"):
            return
        log = self.logs / "baseline.log"
        log.write_bytes(b"")
        self.copy.restore()
        say("baseline: the engine as it is; building")
        self.copy.build(log, tests=False)
        for faults in sorted({mutation.check[1] for mutation in MUTATIONS if mutation.check[0] == "chaos"}):
            say(f"baseline: {faults}")
            found = self.chaos(self.copy.executables, self.copy.tree, faults, SEEDS[0], log)
            if found["violations"]:
                raise Problem(f"The engine as it is fails already: {found['violations'][0]['what']}; see {found['violationsFile']}.")
        self.remember("baseline", caught=False, by="")


def listing(bench):
    for mutation in MUTATIONS:
        result = bench.result(mutation.name)
        state = "no result" if result is None else f"noticed by {result['by']}, {result['seconds']} s" if result["caught"] else "NOT NOTICED"
        say(f"{mutation.name:<16} {mutation.takes_away}\n{'':<16} {state}")
    return 0


def main(arguments):
    known = {mutation.name: mutation for mutation in MUTATIONS}
    if unknown := [name for name in arguments if name not in known and name != "--list"]:
        print(f"There is no mutation {unknown[0]}; there are {', '.join(known)}.", file=sys.stderr)
        return 64
    bench = Bench(Path(os.environ.get("MUTATIONS_DIR") or ROOT / ".mutations").resolve())
    if "--list" in arguments:
        return listing(bench)
    wanted = [known[name] for name in arguments] or [mutation for mutation in MUTATIONS if not bench.result(mutation.name)]
    try:
        if any(mutation.check[0] == "chaos" for mutation in wanted):
            bench.baseline()
        results = [bench.run(mutation) for mutation in wanted]
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    bench.copy.restore()
    missed = sum(not result["caught"] for result in results)
    say(f"{len(results) - missed} of {len(results)} mutations noticed")
    return 1 if missed else 0
