"""Private servers for the cases that need one. Redis may itself be counted."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.private import scratch, until
from harness.runner import servers
from harness.runner.directory import RunDirectory
from harness.runner.ports import free
from harness.runner.processes import end, spawn

from .callgrind import command, environment

# What Redis does by the clock would be counted as work of the orders. The rest is as the engine has it.
QUIET = ("--appendfsync", "always", "--hz", "1", "--activerehashing", "no", "--save", "")


class Redis(servers.Redis):
    """A Redis whose instructions are counted into `output`, or one that is not counted."""

    def __init__(self, run: RunDirectory, port: int, output: Path | None) -> None:
        super().__init__(run, port)
        self.output = output

    def start(self) -> subprocess.Popen[bytes]:
        argv = [servers.program("redis-server"), str(self.config), *QUIET]
        if self.output is not None:
            return spawn(command(self.output, *argv), self.run.log(self.name), environment())
        return spawn(argv, self.run.log(self.name))

    def healthy(self) -> bool:
        """As its log says: a connection would be counted."""
        return "Ready to accept connections" in self.run.log(self.name).read_text(encoding="utf-8", errors="replace")


@contextmanager
def redis(output: Path | None = None) -> Iterator[str]:
    """Starts an empty Redis and lends its URL. With `output`, its counts are there when it has ended."""
    with scratch() as folder:
        run = RunDirectory(folder / "run")
        run.create()
        server = Redis(run, free(1)[0], output)
        with _running(server, run):
            yield f"redis://127.0.0.1:{server.port}"


@contextmanager
def postgres() -> Iterator[str]:
    """Starts an empty Postgres and lends its URL."""
    with scratch() as folder:
        run = RunDirectory(folder / "run")
        run.create()
        server = servers.Postgres(run, free(1)[0])
        try:
            with _running(server, run):
                yield server.url()
        finally:
            server.discard()


@contextmanager
def _running(server: Redis | servers.Postgres, run: RunDirectory) -> Iterator[None]:
    server.prepare()
    child = server.start()
    try:
        until(server.healthy, f"{server.name} was not healthy; its log ends with {run.last_lines(server.name)}", 60)
        yield
    finally:
        end([child.pid], server.stop_signal, 60)
        child.wait()
