"""A private stack with Prometheus for the checks, in a scratch directory and on free ports."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from runner.directory import RunDirectory
from runner.ports import free
from runner.processes import alive
from runner.settings import SERVICES

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "MOCK_FAILURE_RATE": "0.3", "MOCK_SWAP_LATENCY_MS": "50-100", "MOCK_QUOTE_LATENCY_MS": "20", "RETRY_BASE_MS": "50", "OBSERVABILITY": "1",
    "GATEWAYS": "2", "ROUTERS": "1", "EXECUTORS": "1", "NOTIFIERS": "1"}


class Stack:
    def __init__(self, folder):
        port = free(1)[0]
        self.base = f"http://localhost:{port}"
        self.run = RunDirectory(Path(folder) / "run")
        self.environment = os.environ | SETTINGS | {
            "RUN_DIR": str(self.run.path), "PORT": str(port), "STACK_BIN": os.environ.get("STACK_BIN") or str(ROOT / ".build/debug")}

    def call(self, *arguments):
        done = subprocess.run(
            [ROOT / "scripts/stack", *arguments], env=self.environment, timeout=120, stdin=subprocess.DEVNULL, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout

    def processes(self):
        """The services' processes by name, with the address of each."""
        variables = self.run.variables()
        names = [name for name in self.run.names() if name.startswith(SERVICES)]
        return {name: f"http://localhost:{variables[name.upper().replace('-', '_') + '_PORT']}" for name in names}

    def get(self, path, base=None):
        with urllib.request.urlopen((base or self.base) + path, timeout=10) as answer:
            return answer.read().decode()

    def post(self, order, **headers):
        request = urllib.request.Request(
            f"{self.base}/api/orders/execute", json.dumps(order).encode(), {"Content-Type": "application/json"} | headers, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["orderId"]

    def ended(self, orders, seconds=20):
        """Waits until each order is final."""
        for order in orders:
            until(lambda order=order: self.status(order) in ("confirmed", "failed"), f"order {order} did not end", seconds)

    def status(self, order):
        return json.loads(self.get(f"/api/orders/{order}"))["status"]

    def query(self, expression):
        """What Prometheus answers: a list of series with their newest value."""
        port = self.run.variables()["PROMETHEUS_PORT"]
        text = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}), f"http://localhost:{port}")
        return json.loads(text)["data"]["result"]


def until(condition, problem, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{problem} within {seconds} s"
        time.sleep(0.1)


@contextlib.contextmanager
def stack():
    """Starts the stack, lends it, and removes all of it."""
    with tempfile.TemporaryDirectory(prefix="observability-") as folder:
        os.chmod(folder, 0o755)  # Postgres' user must get through
        lent = Stack(folder)
        try:
            lent.call("up")
            yield lent
        finally:
            pids = {name: lent.run.pid(name) for name in lent.run.names()}
            lent.call("clean")
        left = [name for name, pid in pids.items() if pid is not None and alive(pid)]
        assert "prometheus-1" in pids and not left, f"still running: {left}"


def compose():
    """compose.yaml holds with its profile, where there is a `docker compose` to ask."""
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        return "skipped: there is no docker compose"
    command = ["docker", "compose", "--profile", "observability", "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    for name in ("prometheus", "grafana"):
        tag = services[name]["image"].partition(":")[2]
        assert tag and tag != "latest", f"the image of {name} has no tag"
        for volume in services[name]["volumes"]:
            assert volume["type"] != "bind" or Path(volume["source"]).exists(), f"{name}: {volume['source']} is not there"
    return None
