"""The release before this one: its sources from the project's history, and its executables, which are built once and kept."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.runner.settings import ROOT, SERVICES, Problem

# The newest commit with the form of orders before that of LayoutAgreement. A release that changes the form again names the commit before the change.
COMMIT = "9e143fb171d5c330d7b4c01b156f94f2afb60029"
FOLDER = ROOT / ".build-previous" / COMMIT[:12]
PROGRAMS = (*SERVICES, "orderctl")


@dataclass(frozen=True)
class Release:
    """A checkout, and the folder of its executables."""

    root: Path
    executables: Path


def missing() -> str | None:
    """Why the history does not have the previous release, in git's own words. None if it has."""
    try:
        done = subprocess.run(["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no git"
    return (done.stderr.strip().splitlines() or ["git says nothing more"])[-1] if done.returncode != 0 else None


def built() -> Release:
    """The previous release. Builds it for debugging unless the last run of the same toolchain has."""
    release = Release(FOLDER / "source", FOLDER / "build/debug")
    mark, toolchain = FOLDER / "built-with", _output("swift", "--version")
    if not mark.exists() or mark.read_text(encoding="utf-8") != toolchain:
        begun = time.monotonic()
        print(f"building the previous release ({COMMIT[:7]}) in {FOLDER}", flush=True)
        _check_out(release.root)
        for program in PROGRAMS:
            _build(program)
        mark.write_text(toolchain, encoding="utf-8")
        print(f"built the previous release ({time.monotonic() - begun:.0f} s)", flush=True)
    return release


def _check_out(source: Path) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    source.mkdir(parents=True)
    archive = FOLDER / "source.tar"
    subprocess.run(["git", "archive", "--format=tar", f"--output={archive}", COMMIT], cwd=ROOT, check=True)
    subprocess.run(["tar", "-xf", archive, "-C", source], check=True)
    archive.unlink()


def _build(program: str) -> None:
    log = FOLDER / "build.log"
    with open(log, "ab") as output:
        argv = ["swift", "build", "--scratch-path", FOLDER / "build", "--product", program]
        done = subprocess.run(argv, cwd=FOLDER / "source", stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if done.returncode != 0:
        last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        raise Problem(f"The previous release does not build; the end of {log}:\n{last}")


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
