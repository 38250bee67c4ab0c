"""A private stack for the checks, in a scratch directory and on a free port."""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

from runner.ports import free

ROOT = Path(__file__).resolve().parents[2]

# Half of the transactions fail and large orders are split, so that a few show every path: success at once, after a retry, failure, and in part.
SETTINGS = {
    "MOCK_FAILURE_RATE": "0.5", "MOCK_SWAP_LATENCY_MS": "50-100", "MOCK_QUOTE_LATENCY_MS": "20", "RETRY_BASE_MS": "50",
    "ROUTING": "split", "SPLIT_MIN_GAIN_BPS": "0",
    "GATEWAYS": "1", "ROUTERS": "1", "EXECUTORS": "1", "NOTIFIERS": "2"}


@contextlib.contextmanager
def stack():
    """Starts the stack, gives its address, and removes all of it."""
    with tempfile.TemporaryDirectory(prefix="contracts-") as folder:
        os.chmod(folder, 0o755)  # Postgres' user must get through
        port = free(1)[0]
        environment = os.environ | SETTINGS | {
            "RUN_DIR": str(Path(folder) / "run"), "PORT": str(port),
            "STACK_BIN": os.environ.get("STACK_BIN") or str(ROOT / ".build/debug")}

        def call(command):
            subprocess.run([ROOT / "scripts/stack", command], env=environment, check=True, timeout=120, stdin=subprocess.DEVNULL)

        try:
            call("up")
            yield f"http://localhost:{port}"
        finally:
            call("clean")
