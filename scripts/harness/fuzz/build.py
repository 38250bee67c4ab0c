"""Builds the executable of libFuzzer, in a scratch path of its own."""

import json
import os
import subprocess
from pathlib import Path

from harness.runner.settings import ROOT, Problem

SCRATCH = ROOT / ".build-fuzz"
_COVERAGE = "edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table"


def _library() -> Path:
    """libFuzzer without a main function, as the toolchain has it."""
    told = subprocess.run(["swiftc", "-print-target-info"], stdout=subprocess.PIPE, text=True, check=True)
    folder = Path(json.loads(told.stdout)["paths"]["runtimeResourcePath"], "clang/lib/linux")
    found = folder / f"libclang_rt.fuzzer_no_main-{os.uname().machine}.a"
    if not found.is_file():
        raise Problem(f"The toolchain has no libFuzzer: there is no {found}.")
    return found


def build() -> Path:
    """Builds with optimisation, with all checks of a debug build that optimisation leaves, and with AddressSanitizer. Returns the executable."""
    command = [
        "swift", "build", "-c", "release", "--scratch-path", str(SCRATCH), "--product", "fuzzer", "--sanitize", "address",
        # The targets use what is internal to the modules.
        "-Xswiftc", "-enable-testing", "-Xswiftc", f"-sanitize-coverage={_COVERAGE}", "-Xcc", f"-fsanitize-coverage={_COVERAGE}",
        "-Xlinker", str(_library()), "-Xlinker", "-lstdc++"]
    if subprocess.run(command, cwd=ROOT, env={**os.environ, "FUZZ": "1"}, check=False).returncode != 0:
        raise Problem("The fuzzer does not build.")
    return SCRATCH / "release/fuzzer"
