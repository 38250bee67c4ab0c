"""A Redis or a Postgres that the caller has already. A stack uses it, and neither starts nor stops it."""

import os
import subprocess
from asyncio import LimitOverrunError

from harness import redis_client
from harness.http_client import blocking

from . import urls
from .servers import Postgres
from .settings import ROOT, Problem

PATIENCE = 3  # seconds that one attempt may take
STARTING = ("LOADING", "BUSY", "MASTERDOWN")  # what a Redis says that will answer soon


class Outside:
    kind = title = variable = own_port = ""  # own_port: the variable of a run directory that only a server of the stack's own has

    def __init__(self, text: str, url: urls.ServerURL | None, can_ask: bool) -> None:
        """`url`: None if the harness cannot read the text. `can_ask`: whether it can speak with the server."""
        self.text, self.url, self.can_ask = text, url, can_ask
        self.trouble = ""  # why the server did not answer when it was asked last

    @property
    def place(self) -> str:
        """Where the server is, without user and password."""
        return self.url.place if self.url else "an address that is not shown"

    def variables(self) -> dict[str, str]:
        return {self.variable: self.text}

    def ask(self) -> bool:
        """Whether the server answers now. A Problem if it does and refuses."""
        raise NotImplementedError

    def silence(self, seconds: float) -> Problem:
        why = f": {self.trouble}" if self.trouble else ""
        return Problem(f"{self.title} at {self.place} ({self.variable}) has not answered within {seconds:g} s{why}; start it there, {self._advice}")

    def refusal(self, reason: str) -> Problem:
        return Problem(f"{self.title} at {self.place} refuses the login of {self.variable} ({reason}); {self._advice}")

    @property
    def _advice(self) -> str:
        return f"correct {self.variable}, or unset it for a private {self.title}."


class OutsideRedis(Outside):
    kind, title, variable, own_port = "redis", "Redis", "REDIS_URL", "REDIS_PORT"

    def __init__(self, text: str) -> None:
        url = urls.redis(text)
        # The harness speaks with one server over plain TCP.
        super().__init__(text, url, url is not None and text.startswith("redis://") and len(url.hosts) == 1)

    def ask(self) -> bool:
        try:
            return blocking(self._ping()) == b"PONG"
        except (OSError, EOFError, TimeoutError) as problem:
            number = getattr(problem, "errno", None) or 0
            self.trouble = os.strerror(number) if number > 0 else getattr(problem, "strerror", None) or ""
            return False
        except redis_client.RedisProblem as problem:
            self.trouble = self._shown(str(problem))
            if self.trouble.startswith(STARTING):
                return False
            raise self.refusal(self.trouble) from None
        except (ValueError, LimitOverrunError):
            raise self.refusal("its answer is not that of a Redis") from None

    def _shown(self, answer: str) -> str:
        """The answer, or its code alone after a login: Redis may repeat the command."""
        return answer.split()[0] if answer and (self.url.user or self.url.password) else answer

    async def _ping(self) -> redis_client.Reply:
        client = redis_client.Redis(int(self.url.ports[0]), self.url.hosts[0])
        user, password = self.url.user, self.url.password
        try:
            if password or user not in ("", "default"):
                await client.once("AUTH", *([user] if user else []), password, timeout=PATIENCE)
            return await client.once("PING", timeout=PATIENCE)
        finally:
            client.close()


class OutsidePostgres(Outside):
    kind, title, variable, own_port = "postgres", "Postgres", "DATABASE_URL", "POSTGRES_PORT"

    def __init__(self, text: str) -> None:
        url = urls.postgres(text)
        super().__init__(text, url, url is not None)

    def ask(self) -> bool:
        session = self._run("psql", "-X", "-w", "-c", "SELECT 1")
        if session.returncode == 0:
            return True
        self.trouble = self._reason(session.stderr)
        ready = self._run("pg_isready", "-q", "-t", str(PATIENCE)).returncode
        if ready == 0:
            raise self.refusal(self.trouble)
        # 3: a parameter that libpq does not know. The services say which, and what to write instead.
        return ready == 3

    def _run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of Postgres. Everybody sees its arguments, so the password is not among them."""
        environment = {"PGCONNECT_TIMEOUT": str(PATIENCE)} | os.environ | {"LC_ALL": "C"}
        if self.url.password:
            environment["PGPASSWORD"] = self.url.password
        argv = [Postgres.program(name), *arguments, "-d", " ".join(f"{name}={_quoted(value)}" for name, value in self.url.more.items())]
        try:
            return subprocess.run(
                argv, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False, timeout=20)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(argv, 2, "", "")

    def _reason(self, text: str) -> str:
        """Why there is no session, in the words of Postgres."""
        lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
        line = next((line for line in lines if "FATAL:" in line), lines[0])
        for before in ("psql: error:", " failed:", "FATAL:"):
            line = line.rpartition(before)[2].strip()
        return line.replace(self.url.password, "…") if self.url.password else line


def _quoted(value: str) -> str:
    """A value as libpq reads it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


KINDS = (OutsideRedis, OutsidePostgres)


def named(variables: dict[str, str]) -> dict[str, Outside]:
    """The servers that these variables name, by kind. A variable that is empty or not there names none."""
    return {kind.kind: kind(variables[kind.variable]) for kind in KINDS if variables.get(kind.variable)}


def remembered(variables: dict[str, str]) -> dict[str, Outside]:
    """The servers of a stack that are not its own, as its run directory has them."""
    return named({kind.variable: variables.get(kind.variable, "") for kind in KINDS if kind.own_port not in variables})
