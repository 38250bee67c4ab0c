"""`scripts/mutations [NAME... | --list]`: builds, runs the check, keeps the result. The copy and the results are in MUTATIONS_DIR (.mutations)."""

import filecmp
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from harness.http_client import Json
from harness.runner.settings import ROOT, Problem

from .catalogue import MUTATIONS, Mutation

ENGINE = ("Package.swift", "Sources/", "services/", "database/", "config/", "deploy/", "Tests/")
SOURCES = (*ENGINE, "tools/", "Benchmarks/", "scripts/")
SEEDS = (101, 102, 103)
LIMIT = 300  # seconds of a test, which takes far less
# The copy has no Python packages of its own, so it uses those of the project.
say = partial(print, flush=True)
PYTHON = ROOT / ".venv/bin/python"


def _end_session(leader: int) -> None:
    """Ends each process of a session."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(process.name)) == leader:
                os.kill(int(process.name), signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


class Copy:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"

    def files(self) -> list[str]:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [name for name in listed.splitlines() if name.startswith(SOURCES) and (ROOT / name).is_file()]

    def digest(self) -> str:
        """A digest of what a result depends on: the engine and its tests."""
        digest = hashlib.sha256()
        for name in sorted(name for name in self.files() if name.startswith(ENGINE)):
            digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
        return digest.hexdigest()[:16]

    def restore(self) -> None:
        """Makes the copy equal to the project again."""
        wanted = set(self.files())
        for name in wanted:
            source, target = ROOT / name, self.tree / name
            if not target.exists() or not filecmp.cmp(source, target, shallow=False):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                shutil.copymode(source, target)
        for old in self.tree.rglob("*"):
            if old.is_file() and ".build" not in old.parts and str(old.relative_to(self.tree)) not in wanted:
                old.unlink()

    def apply(self, mutation: Mutation) -> None:
        file = self.tree / mutation.file
        text = file.read_text(encoding="utf-8")
        for old, new in ((mutation.old, mutation.new), *mutation.also):
            if text.count(old) != 1:
                raise Problem(f"The mutation {mutation.name} does not apply: its text stands {text.count(old)} times in {mutation.file}.")
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")

    def build(self, log: Path, tests: bool) -> None:
        """Builds the services, or everything with the tests."""
        what = [["--build-tests"]] if tests else [["--product", service] for service in ("gateway", "router", "executor", "notifier")]
        with open(log, "ab") as output:
            for arguments in what:
                done = subprocess.run(["swift", "build", *arguments], cwd=self.tree, stdout=output, stderr=output, check=False)
                if done.returncode != 0:
                    raise Problem(f"The copy does not build; see {log}.")

    @property
    def executables(self) -> Path:
        return Path(self.tree, ".build/debug")


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.copy = Copy(folder)
        self.results = folder / "results"
        self.logs = folder / "logs"
        for made in (self.results, self.logs):
            made.mkdir(parents=True, exist_ok=True)
        self.digest = self.copy.digest()

    def result(self, name: str) -> Json | None:
        try:
            found = json.loads((self.results / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if found["sources"] == self.digest else None

    def remember(self, name: str, **values: object) -> Json:
        result = {"sources": self.digest, **values}
        (self.results / f"{name}.json").write_text(json.dumps(result) + "\n", encoding="utf-8")
        return result

    def run(self, mutation: Mutation) -> Json:
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

    def _test(self, what: str, log: Path) -> tuple[bool, str]:
        call = f"swift test --filter {what}"
        with open(log, "ab") as output:
            # A session of its own, by which the test process is found: Swift gives it another process group.
            running = subprocess.Popen(
                ["swift", "test", "--skip-build", "--filter", what], cwd=self.copy.tree, stdout=output, stderr=output, start_new_session=True)
            try:
                code = running.wait(LIMIT)
            except subprocess.TimeoutExpired:
                _end_session(running.pid)
                running.wait()
                return True, f"{call}, which did not end"
        failed = "recorded an issue" in log.read_text(encoding="utf-8", errors="replace")
        return code != 0 and failed, call

    def _chaos(self, faults: str, log: Path) -> tuple[bool, str]:
        for seed in SEEDS:
            found = self.chaos(self.copy.executables, self.copy.tree, faults, seed, log)
            broken = [entry["what"] for entry in found["violations"] if not entry["what"].startswith(("the harness", "the stack"))]
            if broken:
                return True, f"chaos --faults {faults}, seed {seed}: {broken[0][:120]}"
        return False, f"chaos --faults {faults}, seeds {', '.join(map(str, SEEDS))}"

    @staticmethod
    def chaos(executables: Path, tree: Path, faults: str, seed: int, log: Path) -> Json:
        with open(log, "ab") as output:
            done = subprocess.run(
                [PYTHON, tree / "scripts/chaos", "--short", "--json", "--seed", str(seed), "--faults", faults], stdout=subprocess.PIPE, stderr=output,
                env={**os.environ, "STACK_BIN": str(executables)}, check=False)
        try:
            return json.loads(done.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            raise Problem(f"The chaos run did not come to a result; see {log}.") from None

    def baseline(self) -> None:
        """Checks that each set of faults passes while nothing is taken away."""
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


def listing(bench: Bench) -> int:
    for mutation in MUTATIONS:
        result = bench.result(mutation.name)
        state = "no result" if result is None else f"noticed by {result['by']}, {result['seconds']} s" if result["caught"] else "NOT NOTICED"
        say(f"{mutation.name:<16} {mutation.takes_away}\n{'':<16} {state}")
    return 0


def main(arguments: list[str]) -> int:
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
