"""A project of compose.yaml under a name and a port of its own."""

import os
import secrets
import subprocess
from collections.abc import Mapping

from harness.runner.ports import free
from harness.runner.settings import ROOT


def call(*command: str, seconds: float = 60, check: bool = True, quiet: bool = True, env: Mapping[str, str] | None = None) -> str | None:
    """Runs a command to its end and returns its output, or fails with it."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=env, timeout=seconds, text=True, stdin=subprocess.DEVNULL, check=False,
            stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None)
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode("utf-8", "replace") if isinstance(late.stdout, bytes) else late.stdout or ""
        raise AssertionError(f"{' '.join(command)}: not done after {seconds} s\n{output[-3000:]}") from None
    except FileNotFoundError:
        assert not check, f"{command[0]} is not installed"
        return None
    assert not check or done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}\n{(done.stdout or '')[-3000:]}"
    return done.stdout if done.returncode == 0 else None


class Project:
    def __init__(self) -> None:
        self.name = f"engine-test-{secrets.token_hex(4)}"
        self.image = f"order-execution-engine:{self.name}"
        self.options: tuple[str, ...] = ()
        self.port = free(1)[0]
        self.base = f"http://127.0.0.1:{self.port}"
        self.env = os.environ | {
            "COMPOSE_PROJECT_NAME": self.name, "PORT": str(self.port), "TAG": self.name, "MOCK_FAILURE_RATE": "0", "DOCKER_BUILDKIT": "1",
            "POSTGRES_PASSWORD": "p@ss/100% :#", "REDIS_PASSWORD": "A.b_c~1-2"}

    def use(self, layout: str) -> None:
        """From now on the project has the servers of a file of settings in deploy/redis."""
        self.options = ("--env-file", f"deploy/redis/{layout}.env")

    def compose(self, *arguments: str, seconds: float = 120, check: bool = True) -> str | None:
        return call("docker", "compose", "--progress", "quiet", *self.options, *arguments, seconds=seconds, check=check, env=self.env)

    def containers(self, service: str, *more: str) -> list[str]:
        return self.compose("ps", "-q", *more, service).split()

    def start(self) -> None:
        self.compose("build", seconds=900)
        self.up()

    def up(self) -> None:
        self.compose("up", "--wait", "--wait-timeout", "180", seconds=240)

    def scale(self, **counts: int) -> None:
        options = [word for service, count in counts.items() for word in ("--scale", f"{service}={count}")]
        self.compose("up", "--no-recreate", "--wait", "--wait-timeout", "120", *options, seconds=180)
        for service, count in counts.items():
            assert len(self.containers(service)) == count, f"{service}: {len(self.containers(service))} containers instead of {count}"

    def end(self) -> str | None:
        logs = self.compose("logs", "--no-color", "--tail", "15", check=False)
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20", seconds=180, check=False)
        call("docker", "image", "rm", self.image, check=False)
        return logs
