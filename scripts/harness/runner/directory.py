"""The run directory: pid files, logs, configuration and `env`. A later command knows nothing else about a running stack."""

import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .processes import alive, session, words
from .settings import SERVICES

MARK = "STACK_RUN_DIR"  # in the environment of each service: the stack that it belongs to
SERVERS = ("redis", "postgres", "nginx", "prometheus")


class RunDirectory:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.pids = path / "pids"
        self.logs = path / "logs"
        self.env = path / "env"
        self.foreground = path / "run.pid"

    def create(self) -> None:
        for folder in (self.path, self.pids, self.logs):
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lets only one command at a time change a stack."""
        self.create()
        with open(self.path / "lock", "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def pid_file(self, name: str) -> Path:
        return self.pids / f"{name}.pid"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def write(self, file: Path, text: str, mode: int = 0o644) -> None:
        """Replaces a file in one step, so that no reader sees half of it."""
        temporary = file.with_name(file.name + ".new")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as output:
            output.write(text)
        os.replace(temporary, file)

    def variables(self) -> dict[str, str]:
        """The variables in `env`. Empty if there is no such file."""
        try:
            text = self.env.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        return dict(word.split("=", 1) for word in shlex.split(text, comments=True) if "=" in word)

    def names(self) -> list[str]:
        """Every process that has a pid file, in the order in which they are started."""
        order = (*SERVERS, *SERVICES)

        def rank(name: str) -> tuple[int, str]:
            kind, _, number = name.rpartition("-")
            return order.index(kind) if kind in order else len(order), number.zfill(4)

        return sorted((file.stem for file in self.pids.glob("*.pid")), key=rank)

    def pid(self, name: str) -> int | None:
        """The pid in the pid file, if that process, or what it left behind, still belongs to this stack. Else None."""
        try:
            pid = int(self.pid_file(name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        if alive(pid):
            return pid if self._owns(name, pid) else None
        # While a session lives, no new process gets the pid of its leader.
        return pid if session(pid) else None

    def running(self, name: str) -> bool:
        pid = self.pid(name)
        return pid is not None and alive(pid)

    def _owns(self, name: str, pid: int) -> bool:
        if name.startswith(SERVICES):
            return f"{MARK}={self.path}" in words(pid, "environ")
        # Servers write their title over their arguments and environment.
        arguments = words(pid, "cmdline")
        if name.startswith("postgres"):
            return os.path.realpath(self.path / "postgres") in arguments
        if name.startswith("prometheus"):
            return f"--config.file={self.path / 'prometheus.yml'}" in arguments
        title = f" {' '.join(arguments)} "
        if name.startswith("redis"):
            return f" 127.0.0.1:{self.variables().get('REDIS_PORT')} " in title or f" {self.path / 'redis.conf'} " in title
        return f" {self.path / 'nginx.conf'} " in title

    def last_lines(self, name: str, count: int = 20) -> list[str]:
        try:
            with open(self.log(name), "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 16384))
                return file.read().decode("utf-8", "replace").splitlines()[-count:]
        except OSError:
            return []
