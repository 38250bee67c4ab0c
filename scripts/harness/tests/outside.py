"""Tests scripts/stack with a Redis and a Postgres that are the caller's."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from harness.http_client import blocking, fetched
from harness.micro.servers import postgres, redis
from harness.private import until
from harness.redis_client import Redis
from harness.runner import outside, urls
from harness.runner.ports import free
from harness.runner.processes import words
from harness.runner.servers import program
from harness.runner.settings import ROOT, URLS
from harness.tests.local_stack import LocalStack, gone

PASSWORD = "hunter2-of-redis"
SERVICES = {"nginx-1", "gateway-1", "router-1", "executor-1", "notifier-1"}


class _Servers:
    """A Redis and a Postgres of the caller's."""

    def __init__(self, redis_port: int, database: str) -> None:
        self.redis_at, self.database = f"127.0.0.1:{redis_port}", database
        self.redis = f"redis://:{PASSWORD}@{self.redis_at}"
        self.postgres_at = database.rpartition("@")[2].partition("/")[0]
        self.passwords = (PASSWORD, re.search(":([0-9a-f]+)@", database)[1])

    @property
    def urls(self) -> dict[str, str]:
        return {"REDIS_URL": self.redis, "DATABASE_URL": self.database}

    def answer(self) -> None:
        for server in outside.named(self.urls).values():
            assert server.ask(), f"{server.title} does not answer any more"

    def hidden(self, text: str) -> str:
        """The text, which has to be without passwords."""
        assert not any(password in text for password in self.passwords), text
        return text


@contextmanager
def _servers() -> Iterator[_Servers]:
    with redis() as url, postgres() as database:
        servers = _Servers(int(url.rpartition(":")[2]), database)
        _command(servers, "CONFIG", "SET", "requirepass", PASSWORD, login=False)
        yield servers
        servers.answer()


def _command(servers: _Servers, *command: str, login: bool = True) -> int | bytes:
    async def answer() -> int | bytes:
        client = Redis(int(servers.redis_at.rpartition(":")[2]))
        try:
            if login:
                await client.once("AUTH", PASSWORD)
            return await client.once(*command)
        finally:
            client.close()

    return blocking(answer())


def servers_of_the_caller_are_used_and_left_alone(folder: Path) -> None:
    with _servers() as servers:
        stack = LocalStack(folder, "both", **servers.urls)
        said = stack.call("up")
        assert f"outside, at {servers.redis_at} (REDIS_URL)" in said and f"outside, at {servers.postgres_at} (DATABASE_URL)" in said, said
        order, pids = stack.confirms(), stack.pids()
        assert pids.keys() == SERVICES, pids
        until(lambda: order in fetched(f"{stack.base}/api/orders").text, "the order is not in Postgres")
        status = stack.call("status")
        assert f"redis        outside, at {servers.redis_at}\n" in status and f"postgres     outside, at {servers.postgres_at}\n" in status, status
        for name, title, at in (("redis-1", "Redis", servers.redis_at), ("postgres-1", "Postgres", servers.postgres_at)):
            assert f"uses the {title} at {at}, which is not its own" in stack.call("start", name, code=1)
        stack.stop("executor-1", signal.SIGKILL)
        assert "outside, at" in stack.call("status", code=1)
        assert "started again: executor-1." in stack.call("up")
        stack.confirms()
        pids |= stack.pids()
        stack.call("down")
        gone(pids)
        servers.answer()
        assert stack.call("status", code=1) == "nothing is running\n"
        stack.call("clean")
        assert not stack.run.path.exists() and _command(servers, "EXISTS", "orders:{0}:accepted") == 1


def each_server_of_the_caller_is_used_without_the_other(folder: Path) -> None:
    with _servers() as servers:
        for variable, own in (("REDIS_URL", "postgres-1"), ("DATABASE_URL", "redis-1")):
            stack = LocalStack(folder, own, **{variable: servers.urls[variable]})
            stack.call("up")
            stack.confirms()
            pids = stack.pids()
            assert pids.keys() == SERVICES | {own}, pids
            stack.stop(own, signal.SIGKILL)
            stack.call("start", own)
            stack.call("down")
            gone(pids)


def an_interrupted_run_leaves_servers_of_the_caller_alone(folder: Path) -> None:
    with _servers() as servers:
        stack = LocalStack(folder, "run", **servers.urls)
        run = subprocess.Popen([ROOT / "scripts/stack", "run"], env=stack.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            until(lambda: "Ctrl-C" in run.stdout.readline() or run.poll() is not None, "run does not start", 60)
            pids = stack.pids()
            assert pids.keys() == SERVICES, pids
            run.send_signal(signal.SIGINT)
            assert run.wait(timeout=60) == 0
            gone(pids)
        finally:
            run.kill()


def a_running_stack_refuses_other_servers(folder: Path) -> None:
    with _servers() as servers:
        stack = LocalStack(folder, "other", **servers.urls)
        stack.call("up")
        stack.stop("router-1")
        cases = (
            ("REDIS_URL", "", servers.redis_at, "without REDIS_URL"),
            ("REDIS_URL", "redis://:x@127.0.0.1:1", servers.redis_at, "with REDIS_URL at 127.0.0.1:1"),
            ("REDIS_URL", f"redis://:other@{servers.redis_at}", servers.redis_at, f"with another REDIS_URL at {servers.redis_at}"),
            ("DATABASE_URL", "", servers.postgres_at, "without DATABASE_URL"),
            ("DATABASE_URL", "postgres://u:x@127.0.0.1:1/y", servers.postgres_at, "with DATABASE_URL at 127.0.0.1:1"))
        for name, value, at, now in cases:
            stack.env |= servers.urls | {name: value}
            for command in (("up",), ("start", "router-1")):
                said = servers.hidden(stack.call(*command, code=1))
                assert f"was started with {name} at {at}, and this command is {now}. Use the same, or stop it" in said, said
        assert not stack.run.running("router-1")
        stack.call("down")
        stack.env |= dict.fromkeys(URLS, "")
        stack.call("up")
        stack.env |= servers.urls
        assert "was started without REDIS_URL" in stack.call("up", code=1)
        pids = stack.pids()
        stack.call("down")
        gone(pids)


def a_server_that_is_not_there_or_refuses_is_named_and_nothing_starts(folder: Path) -> None:
    port = free(1)[0]
    with _servers() as servers, socket.create_server(("127.0.0.1", 0)) as silent:
        stack = LocalStack(folder, "absent", START_TIMEOUT_S="1")
        mute, late = silent.getsockname()[1], "has not answered within 1 s"
        login, database = "postgresql://engine:", servers.database.rpartition("@")[2]
        cases = (
            ("REDIS_URL", f"redis://:{PASSWORD}@127.0.0.1:{port}", f"Redis at 127.0.0.1:{port} (REDIS_URL) {late}: Connection refused; start it"),
            ("REDIS_URL", f"redis://:{PASSWORD}@127.0.0.1:{mute}", f"Redis at 127.0.0.1:{mute} (REDIS_URL) {late}; start it there, correct"),
            ("REDIS_URL", f"redis://:wrong@{servers.redis_at}", f"Redis at {servers.redis_at} refuses the login of REDIS_URL (WRONGPASS)"),
            ("REDIS_URL", f"redis://{servers.redis_at}", f"Redis at {servers.redis_at} refuses the login of REDIS_URL (NOAUTH"),
            ("DATABASE_URL", f"{login}{servers.passwords[1]}@localhost:{port}/x", f"at localhost:{port} (DATABASE_URL) {late}: Connection refused"),
            ("DATABASE_URL", f"{login}wrong@{database}", f"Postgres at {servers.postgres_at} refuses the login of DATABASE_URL (password auth"),
            ("DATABASE_URL", f"{servers.database}-none", '(database "orders-none" does not exist); correct DATABASE_URL, or unset it for a private'))
        for name, url, sentence in cases:
            stack.env |= dict.fromkeys(URLS, "") | {name: url}
            said = servers.hidden(stack.call("up", code=1))
            assert sentence in said and "wrong" not in said, said
            assert not stack.pids() and not stack.run.env.exists()


def what_the_harness_does_not_speak_is_left_to_the_services(folder: Path) -> None:
    for scheme in ("rediss", "redis+cluster"):
        stack = LocalStack(folder, scheme, REDIS_URL=f"{scheme}://:{PASSWORD}@127.0.0.1:{free(1)[0]}", START_TIMEOUT_S="3")
        said = stack.call("up", code=1)
        assert "answered" not in said and PASSWORD not in said, said
        assert re.search("(gateway|router|executor|notifier)-1", said), said


def no_password_is_shown_or_can_be_read_by_others(folder: Path) -> None:
    with _servers() as servers, _arguments_of_all() as arguments:
        stack = LocalStack(folder, "secret", PATH=f"{folder}/bin:{os.environ['PATH']}", **servers.urls)
        told = _telling(folder, "nginx")
        for command in ("up", "up", "status"):
            servers.hidden(stack.call(command))
        servers.hidden(told.read_text())
        stack.stop("notifier-1")
        servers.hidden(stack.call("start", "notifier-1"))
        for file in (file for file in stack.run.path.rglob("*") if file.is_file()):
            holds = any(password.encode() in file.read_bytes() for password in servers.passwords)
            assert not holds or file == stack.run.env and file.stat().st_mode & 0o777 == 0o600, file
        for name, pid in stack.pids().items():
            given = [word.partition("=")[0] for word in words(pid, "environ")]
            wanted = (name != "nginx-1", name in ("gateway-1", "notifier-1"))
            assert ("REDIS_URL" in given, "DATABASE_URL" in given) == wanted, name
        servers.hidden(stack.call("down"))
    assert any("SELECT 1" in line for line in arguments), "nobody has looked while Postgres was asked"
    servers.hidden("\n".join(arguments))


def _telling(folder: Path, name: str) -> Path:
    """The file into which a program writes its environment when it is started with folder/bin first in its PATH."""
    file, real = folder / f"{name}.environment", program(name)
    script = folder / "bin" / name
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nenv >"{file}"\nexec {real} "$@"\n')
    script.chmod(0o755)
    return file


@contextmanager
def _arguments_of_all() -> Iterator[set[str]]:
    """The arguments of every process that is seen meanwhile."""
    seen, over = set(), threading.Event()

    def look() -> None:
        while not over.wait(0.005):
            seen.update(" ".join(words(entry, "cmdline")) for entry in os.listdir("/proc") if entry.isdigit())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join(timeout=10)


def a_private_stack_has_its_own_servers_whatever_the_caller_names(folder: Path) -> None:
    with patch.dict(os.environ, REDIS_URL="redis://127.0.0.1:1", DATABASE_URL="postgres://127.0.0.1:1/none"):
        stack = LocalStack(folder, "private")
        stack.call("up")
        assert stack.pids().keys() == SERVICES | {"redis-1", "postgres-1"}
        stack.confirms()
        stack.call("down")


def of_an_address_only_host_and_port_are_shown(_folder: Path) -> None:
    places = {
        "redis://localhost": "localhost:6379", "redis://u:p@ss/w@h:1/2": "h:1", "redis://:p@[::1]:7": "[::1]:7", "redis://:p?q@h": None,
        "redis://:6379": None, "redis://h:99999": None, "rediss://u:p@h:6380/0": "h:6380", "redis+unix://u:p@/tmp/x.sock": "/tmp/x.sock",
        "redis+sentinel://:p@a:1,b:2/m": "a:1,b:2",
        "rediss+cluster://u:p@a:1,b:2": "a:1,b:2", "redis+sentinel://a:1/m?sentinel_password=p@q": None, "redis": None,
        "postgres://u:p@h:1,g/db?password=q": "h:1,g:5432", "postgresql:///db?host=/run/pg&port=3": "/run/pg:3", "postgres://u:p/q@h/db": "h:5432",
        "postgres://u:p?q@h/db": "h:5432", "postgres://u:12/3@h/db": None, "postgres://u:p@1/2@h/db": None, "mysql://u:p@h/db": None}
    for text, place in places.items():
        read = (urls.redis if text.startswith("redis") else urls.postgres)(text)
        assert (read.place if read else None) == place, (text, read)
    assert urls.postgres("postgres://u:50%@h/db?sslpassword=s").more == {"user": "u", "host": "h", "dbname": "db"}
    assert urls.redis("redis://u:a%40b@h").password == "a@b"
