"""A copy of the project's sources, kept in step file by file, so that each build is of what has changed only."""

import filecmp
import hashlib
import shutil
import subprocess
from pathlib import Path

from runner.settings import ROOT, Problem

ENGINE = ("Package.swift", "Sources/", "services/", "database/", "config/", "deploy/", "Tests/")
SOURCES = (*ENGINE, "tools/", "Benchmarks/", "scripts/")


class Copy:
    def __init__(self, folder):
        self.folder = folder
        self.tree = folder / "tree"

    def files(self):
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [name for name in listed.splitlines() if name.startswith(SOURCES) and (ROOT / name).is_file()]

    def digest(self):
        """Of what a result is about: the engine and its tests."""
        digest = hashlib.sha256()
        for name in sorted(name for name in self.files() if name.startswith(ENGINE)):
            digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
        return digest.hexdigest()[:16]

    def restore(self):
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

    def apply(self, mutation):
        file = self.tree / mutation.file
        text = file.read_text(encoding="utf-8")
        for old, new in ((mutation.old, mutation.new), *mutation.also):
            if text.count(old) != 1:
                raise Problem(f"The mutation {mutation.name} does not apply: its text stands {text.count(old)} times in {mutation.file}.")
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")

    def build(self, log, tests):
        """Builds the services, or everything with the tests."""
        what = [["--build-tests"]] if tests else [["--product", service] for service in ("gateway", "router", "executor", "notifier")]
        with open(log, "ab") as output:
            for arguments in what:
                done = subprocess.run(["swift", "build", *arguments], cwd=self.tree, stdout=output, stderr=output, check=False)
                if done.returncode != 0:
                    raise Problem(f"The copy does not build; see {log}.")

    @property
    def executables(self):
        return Path(self.tree, ".build/debug")
