"""A private stack that a test may take apart and put together again."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from client.orders import place
from runner.directory import RunDirectory
from runner.ports import free
from runner.processes import alive
from runner.servers import program

ROOT = Path(__file__).resolve().parents[2]
ORDER = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5, "slippage": 0.05}
FAST = {"MOCK_FAILURE_RATE": "0", "MOCK_SWAP_LATENCY_MS": "400", "MOCK_QUOTE_LATENCY_MS": "50", "MOCK_SEED": "11"}


class Engine:
    def __init__(self, folder, **settings):
        self.run = RunDirectory(Path(folder) / "run")
        port = free(1)[0]
        self.base = f"http://localhost:{port}"
        self.env = os.environ | {
            "RUN_DIR": str(self.run.path), "PORT": str(port), "STACK_BIN": os.environ.get("STACK_BIN") or str(ROOT / ".build/debug")} | settings

    def stack(self, *arguments):
        done = subprocess.run(
            [ROOT / "scripts/stack", *arguments], env=self.env, timeout=120, text=True, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"stack {arguments}: exit code {done.returncode}\n{done.stdout}"

    def stop(self, name, number=signal.SIGTERM):
        """Ends one process, as an operator would if nothing else is said, and waits until it has."""
        pid = self.run.pid(name)
        os.kill(pid, number)
        deadline = time.monotonic() + 30
        while alive(pid):
            assert time.monotonic() < deadline, f"{name} did not stop"
            time.sleep(0.02)

    def start(self, name):
        self.stack("start", name)

    def start_edge(self):
        log = self.run.log("nginx-1")
        argv = [program("nginx"), "-e", log, "-p", self.run.path, "-c", self.run.path / "nginx.conf"]
        with open(os.devnull, "r+b") as null:
            child = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null, start_new_session=True)
        self.run.write(self.run.pid_file("nginx-1"), f"{child.pid}\n")
        return child

    def heal(self):
        """Starts again what a test has stopped."""
        for name in self.run.names():
            if not self.run.running(name):
                self.start_edge() if name.startswith("nginx") else self.start(name)

    def redis(self, *words):
        argv = ["redis-cli", "-u", self.run.variables()["REDIS_URL"], *words]
        return subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout.strip()

    def place(self, count=1, **changes):
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda _: place(self.base, ORDER | changes), range(count)))

    def text(self, path, base=None):
        with urllib.request.urlopen((base or self.base) + path, timeout=10) as answer:
            return answer.read().decode()

    def get(self, path):
        return json.loads(self.text(path))

    def addresses(self, service):
        """Of each process of a service, past the edge."""
        variables = self.run.variables()
        return [f"http://localhost:{port}" for name, port in variables.items() if re.fullmatch(rf"{service.upper()}_\d+_PORT", name)]

    def orderctl(self, *words):
        argv = [f"{self.env['STACK_BIN']}/orderctl", *words, "--url", self.base]
        return subprocess.run(argv, check=True, text=True, timeout=20, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
