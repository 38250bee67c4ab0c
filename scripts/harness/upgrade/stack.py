"""The stack that is upgraded."""

import json
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

from harness.private import PrivateStack, until
from harness.runner.processes import end
from harness.runner.settings import SERVICES

from .previous import Release

PARTITIONS = 2
# Orders live for seconds, some are tried again, and the large ones are split. With so many attempts none fails. A notifier with sockets takes all the
# time that it has to stop.
SETTINGS = {
    "PARTITIONS": str(PARTITIONS), "ROUTING": "split", "MOCK_SWAP_LATENCY_MS": "2000-3000", "MOCK_FAILURE_RATE": "0.05", "MAX_ATTEMPTS": "10",
    "RETRY_BASE_MS": "100", "MOCK_VOLATILITY_BPS": "0", "SHUTDOWN_GRACE_S": "5"}


class UpgradedStack(PrivateStack):
    """A stack that goes from one release to another, with the scripts and executables of each."""

    def use(self, release: Release) -> None:
        self.root = release.root
        self.env["STACK_BIN"] = str(release.executables)

    @property
    def database_url(self) -> str:
        return self.run.variables()["DATABASE_URL"]

    def waiting(self) -> int:
        """What `orderctl lag` shows as waiting or in hand."""
        report = json.loads(self.orderctl("lag", "--json"))
        groups = [group for stream in report["streams"] for group in stream["groups"]]
        return sum(group["lag"] + group["pending"] for group in groups) + report["retries"]["waiting"] + report["deadLetters"]

    def drain(self) -> None:
        # Streams are counted one after the other: one look may miss an order that goes from one to another meanwhile.
        until(lambda: self.waiting() == 0 and self.waiting() == 0, "the engine did not drain", 60)

    def doctor(self) -> None:
        """Checks that the doctor finds no fault."""
        try:
            self.orderctl("doctor")
        except subprocess.CalledProcessError as fault:
            raise AssertionError(fault.stdout) from None

    def stop_services(self) -> None:
        """Stops all services in the order to do so, whatever they have in hand."""
        pids = [pid for name, pid in self.pids().items() if name.startswith(SERVICES)]
        assert not end(pids, signal.SIGTERM, 20), "a service did not stop"

    def refuses(self, release: Release, sentence: str, reason: str) -> None:
        """Checks that no service of that release starts here, that each says why, and that it has changed nothing."""
        agreed = self.redis("GET", "orders:{agreed}:partitions")
        variables = self.run.variables()
        environment = self.env | {name: variables[name] for name in ("REDIS_URL", "DATABASE_URL")} | {"PORT": "0", "BIND": "127.0.0.1"}

        def start(service: str) -> tuple[int, str]:
            done = subprocess.run(
                [release.executables / service], cwd=release.root, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, timeout=30, check=False)
            return done.returncode, done.stderr

        with ThreadPoolExecutor() as pool:
            for service, (code, said) in zip(SERVICES, pool.map(start, SERVICES), strict=True):
                assert code == 78 and said.startswith(f"{service}: {sentence}") and reason in said, (code, said)
        assert self.redis("GET", "orders:{agreed}:partitions") == agreed, "a process that was refused has changed something"
