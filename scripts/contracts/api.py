"""schemathesis with all its checks, but where schemathesis.toml says why not, against the edge."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parents[1] / "docs/openapi.yaml"


def run(base, examples, seed):
    """Raises where the engine and openapi.yaml differ."""
    # a shut door refuses the orders of all other checks, so it is shut when they are over
    said = _run(base, examples, seed, "--exclude-operation-id", "pauseDoor")
    try:
        # no link leads to it, which the phase of links would call an error
        pause = _run(base, examples, seed, "--include-operation-id", "pauseDoor", "--phases", "examples,coverage,fuzzing")
    finally:
        with urllib.request.urlopen(urllib.request.Request(f"{base}/api/door/resume", method="POST"), timeout=20):
            pass
    return f"{said}; pauseDoor: {pause}"


def _run(base, examples, seed, *selection):
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(HERE / "schemathesis.toml"), "run", str(SCHEMA), "--url", base,
        "--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure", "--no-color", *selection,
        # more than one worker trips over a cache of Hypothesis that threads must not share
        "--workers", "1", "--request-timeout", "20", "--generation-database", "none"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "contracts.schemathesis_hooks", "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        lines = done.stdout.splitlines()
        start = next((index for index, line in enumerate(lines) if " FAILURES " in line or " ERRORS " in line), 0)
        raise AssertionError("\n".join(line[:400] for line in lines[start:][:200]))
    return next((line.strip() for line in done.stdout.splitlines() if line.lstrip()[:1].isdigit() and " generated" in line), "")
