"""Private stacks: each has a scratch directory and a port of its own, so that tests run beside anything else."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from .http_client import Json, blocking, fetched
from .orders import FINAL, ORDER, place
from .redis_client import command, text
from .runner.directory import RunDirectory
from .runner.ports import free
from .runner.processes import alive
from .runner.settings import ROOT, SERVICES, URLS

Truth = TypeVar("Truth")


# A test's clients all come from one address, many of them straight to a service.
UNLIMITED = dict.fromkeys(
    (
        "EDGE_CONNECTIONS_PER_ADDRESS", "CALLER_REQUESTS_PER_S", "CALLER_ORDERS_PER_S", "CALLER_QUOTES_PER_S", "CALLER_SOCKETS",
        "WS_FRAMES_PER_S",
    ),
    "0",
)
# A private stack has servers of its own, whatever the caller's environment names.
OWN_SERVERS = dict.fromkeys(URLS, "")


class PrivateStack:
    """A stack that a test starts, takes apart and puts together again, with the executables of STACK_BIN."""

    executables = ".build/debug"  # used if STACK_BIN is not set
    root = ROOT  # the checkout whose scripts/stack it is

    def __init__(self, path: Path, **settings: str) -> None:
        self.run = RunDirectory(path.absolute())
        self.port = free(1)[0]
        self.base = f"http://localhost:{self.port}"
        executables = os.environ.get("STACK_BIN") or str(ROOT / self.executables)
        own = {"STACK_BIN": executables, "RUN_DIR": str(self.run.path), "PORT": str(self.port)}
        self.env = os.environ | UNLIMITED | OWN_SERVERS | own | settings

    # The processes

    def call(self, *arguments: str, code: int = 0) -> str:
        """The output of a command of scripts/stack. Any other exit code than `code` is an AssertionError."""
        # The pipe shows that no process of a stack in the background holds the caller's output: if one did, the read would not end.
        done = subprocess.run(
            [self.root / "scripts/stack", *arguments], env=self.env, timeout=120, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == code, f"stack {arguments}: exit code {done.returncode} instead of {code}\n{done.stdout}"
        return done.stdout

    def pids(self) -> dict[str, int]:
        return {file.stem: int(file.read_text()) for file in self.run.pids.glob("*.pid")}

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        """Ends one process, by default as an operator would, and waits until it has ended."""
        pid = self.pids()[name]
        os.kill(pid, number)
        until(lambda: not alive(pid), f"{name} did not stop", 30)

    def start(self, name: str) -> None:
        self.call("start", name)

    def heal(self) -> None:
        """Starts again what a test has stopped."""
        for name in self.run.names():
            if not self.run.running(name):
                self.start(name)

    def addresses(self, *kinds: str) -> dict[str, str]:
        """The address of each process of the services, or of the services named, past the edge; by name."""
        variables = self.run.variables()
        names = [name for name in self.run.names() if name.startswith(kinds or SERVICES)]
        return {name: f"http://localhost:{variables[name.upper().replace('-', '_') + '_PORT']}" for name in names}

    # Requests

    def text(self, path: str, base: str = "") -> str:
        return fetched((base or self.base) + path).text

    def get(self, path: str, base: str = "") -> Json:
        return fetched((base or self.base) + path).json()

    def order(self, order_id: str) -> Json:
        return self.get(f"/api/orders/{order_id}")

    def place(self, count: int = 1, **changes: str | float) -> list[str]:
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda _: place(self.base, ORDER | changes), range(count)))

    def ended(self, orders: Iterable[str], seconds: float = 20) -> None:
        """Waits until each order is final."""
        for order in orders:
            until(lambda order=order: self.order(order)["status"] in FINAL, f"order {order} did not end", seconds)

    def redis(self, *words: str) -> str:
        return text(blocking(command(int(self.run.variables()["REDIS_PORT"]), *words)))

    def query(self, expression: str) -> list[Json]:
        """The answer of Prometheus: a list of series with their newest value."""
        port = self.run.variables()["PROMETHEUS_PORT"]
        return self.get(f"/api/v1/query?query={quote(expression, safe='')}", f"http://localhost:{port}")["data"]["result"]

    def orderctl(self, *words: str) -> str:
        argv = [f"{self.env['STACK_BIN']}/orderctl", *words, "--url", self.base]
        return subprocess.run(argv, check=True, text=True, timeout=20, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory that is removed with its contents."""
    with tempfile.TemporaryDirectory(prefix="order-engine-test-") as folder:
        os.chmod(folder, 0o755)  # Postgres' user must be able to pass
        yield Path(folder)


@contextmanager
def running(stack: PrivateStack) -> Iterator[None]:
    """Starts a stack, and removes all of it at the end."""
    try:
        stack.call("up")
        yield
    finally:
        pids = stack.pids()
        stack.call("clean")
    left = [name for name, pid in pids.items() if alive(pid)]
    assert not left, f"still running: {left}"


@contextmanager
def private_stack(**settings: str) -> Iterator[PrivateStack]:
    """Starts a stack, lends it, and removes all of it."""
    with scratch() as folder:
        stack = PrivateStack(folder / "run", **settings)
        with running(stack):
            yield stack


def until(condition: Callable[[], Truth], problem: str | Callable[[], str], seconds: float = 20) -> Truth:
    """Waits until a condition is true, and returns its value. If that takes too long, it is an AssertionError that tells the problem of then."""
    deadline = time.monotonic() + seconds
    while not (truth := condition()):
        assert time.monotonic() < deadline, f"{problem() if callable(problem) else problem} within {seconds} s"
        time.sleep(0.1)
    return truth
