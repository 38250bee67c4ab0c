"""A search of libFuzzer for inputs that one target cannot bear."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import corpus
from .build import SCRATCH

# A crash must end the process at once, and not wait for a debugger. Memory that is kept to find late uses costs time for each input.
_ENVIRONMENT = {"SWIFT_BACKTRACE": "enable=no", "ASAN_OPTIONS": "malloc_context_size=4:quarantine_size_mb=32"}
_LIMITS = ("-max_len=16384", "-timeout=20", "-rss_limit_mb=3000")


@dataclass(frozen=True)
class Finding:
    target: str
    inputs: int  # how many were tried
    seconds: float
    edges: int  # places of the code that an input has reached
    crashes: tuple[Path, ...]  # inputs that the target did not bear
    log: Path


def search(executable: Path, target: str, runs: int, seconds: float) -> Finding:
    """Tries so many inputs, or as many as there is time for."""
    folder = SCRATCH / "search" / target
    shutil.rmtree(folder / "crashes", ignore_errors=True)
    (folder / "crashes").mkdir(parents=True)
    corpus.unpack(target, folder / "inputs")
    corpus.dictionary(target, folder / "words")
    log = folder / "log"
    options = [f"-runs={runs}", f"-max_total_time={max(1, round(seconds))}", f"-dict={folder / 'words'}", f"-artifact_prefix={folder}/crashes/"]
    _fuzzer(executable, target, log, *_LIMITS, *options, "-print_final_stats=1", str(folder / "inputs"))
    text = log.read_text(encoding="utf-8", errors="replace")
    tried = re.findall(r"stat::number_of_executed_units:\s*(\d+)", text) or re.findall(r"^#(\d+)", text, re.MULTILINE)
    edges = re.findall(r" cov: (\d+)", text)
    took = re.findall(r"^Done \d+ runs in (\d+)", text, re.MULTILINE)
    return Finding(
        target, int(tried[-1]) if tried else 0, float(took[-1]) if took else 0.0, int(edges[-1]) if edges else 0,
        tuple(sorted((folder / "crashes").iterdir())), log)


def keep(executable: Path, target: str) -> int:
    """Keeps the smallest set of all inputs known that reaches the same code. Returns how many are kept."""
    folder = SCRATCH / "search" / target
    kept = folder / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    corpus.unpack(target, folder / "inputs")
    _fuzzer(executable, target, folder / "merge-log", *_LIMITS, "-set_cover_merge=1", str(kept), str(folder / "inputs"))
    return corpus.save(target, (file.read_bytes() for file in kept.iterdir()))


def _fuzzer(executable: Path, target: str, log: Path, *options: str) -> int:
    environment = {**os.environ, **_ENVIRONMENT, "FUZZ_TARGET": target}
    with open(log, "wb") as output:
        return subprocess.run(
            [executable, *options], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, check=False).returncode
