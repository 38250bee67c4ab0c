"""Tests scripts/stack with the executables of STACK_BIN (.build/debug): what it promises when things go well and when they do not."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from harness.checks import Test, passes, tests_of
from harness.http_client import answers, ask, fetched
from harness.keys import Keys
from harness.orders import ORDER, follow
from harness.private import scratch, until
from harness.runner import processes
from harness.runner.directory import MARK
from harness.runner.ports import free
from harness.runner.processes import spawn, words
from harness.runner.settings import ROOT
from harness.tests import outside
from harness.tests.local_stack import LocalStack, gone

Done = TypeVar("Done")


def up_serves_orders_beside_another_and_down_leaves_nothing(folder: Path) -> None:
    one, two = LocalStack(folder, "one", GATEWAYS="2", ROUTERS="2"), LocalStack(folder, "two")
    one.call("up")
    two.call("up")
    names = {"redis-1", "postgres-1", "nginx-1", "gateway-1", "gateway-2", "router-1", "router-2", "executor-1", "notifier-1"}
    assert set(one.pids()) == names, one.pids()
    assert {"REDIS_URL", "DATABASE_URL", "GATEWAY_2_PORT", "NOTIFIER_1_PORT"} <= set(one.run.variables())
    assert "Already running" in one.call("up")
    one.confirms()
    first, second = one.pids(), two.pids()
    one.call("down")
    gone(first)
    two.confirms()
    two.call("down")
    gone(second)
    assert "nothing is running" in two.call("down")


def each_gateway_is_in_order_as_soon_as_all_is_up(folder: Path) -> None:
    stack = LocalStack(folder, "health", GATEWAYS="2")
    stack.call("up")
    for name, address in stack.addresses("gateway").items():
        health = stack.get("/health", address)
        assert (health["status"], health["postgres"]) == ("ok", "up"), (name, health)


def only_the_edge_is_widened_and_a_certificate_makes_it_speak_TLS(folder: Path) -> None:
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout", key,
         "-out", certificate], check=True, capture_output=True, timeout=20)
    stack = LocalStack(folder, "wide", EDGE_BIND="0.0.0.0", EDGE_TLS_CERT=str(certificate), EDGE_TLS_KEY=str(key))
    output = stack.call("up")
    assert "anyone who reaches the port may trade" in output and f"https://localhost:{stack.port}" in output, output
    assert fetched(f"https://127.0.0.2:{stack.port}/health/ready").headers["x-content-type-options"] == "nosniff"
    for name, port in ((name, int(value)) for name, value in stack.run.variables().items() if name.endswith("_PORT")):
        with socket.socket() as other:
            assert other.connect_ex(("127.0.0.2", port)) != 0, f"{name} is not of 127.0.0.1 alone"


def _insist(action: Callable[[], Done]) -> Done:
    """Repeats the action until it succeeds: the services may still be coming back."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return action()
        except Exception:  # whatever it was, it may be over a moment later
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def a_killed_redis_comes_back_by_its_file_alone(folder: Path) -> None:
    stack = LocalStack(folder, "redis")
    stack.call("up")
    before = stack.confirms()
    os.kill(stack.pids()["redis-1"], signal.SIGKILL)
    with open(os.devnull, "r+b") as null:
        redis = subprocess.Popen(["redis-server", stack.run.path / "redis.conf"], stdin=null, stdout=null, stderr=null)
    try:
        _insist(stack.confirms)
        assert follow(stack.base, before)[-1]["status"] == "confirmed"
        stack.call("down")
        assert redis.wait(timeout=10) == 0
    finally:
        redis.kill()


def up_starts_again_what_has_ended(folder: Path) -> None:
    stack = LocalStack(folder, "start")
    stack.call("up")
    stack.stop("executor-1", signal.SIGKILL)
    stack.stop("nginx-1", signal.SIGKILL)
    assert "executor-1" in stack.call("run", code=1)
    assert "started again: nginx-1, executor-1." in stack.call("up")
    stack.confirms()
    pids = stack.pids()
    stack.call("down")
    gone(pids)


def a_process_is_started_again_with_the_keys_of_the_others_or_not_at_all(folder: Path) -> None:
    keys = Keys(folder)
    stack = LocalStack(folder, "keys", API_KEYS_FILE=str(keys.path))
    assert stack.call("up").count('-H "Authorization: Bearer $ORDERCTL_KEY"') == 2
    stack.stop("gateway-1")
    stack.env["API_KEYS_FILE"] = ""
    for command in (("up",), ("start", "gateway-1")):
        assert f"was started with API_KEYS_FILE={keys.path}, and this command is without" in stack.call(*command, code=1)
    assert not stack.run.running("gateway-1")
    stack.env["API_KEYS_FILE"] = str(keys.path)
    assert "started again: gateway-1." in stack.call("up")
    until(lambda: ask(f"{stack.base}/api/access").status == 401, "the gateway asks for no key")
    stack.call("down")
    stack.env["API_KEYS_FILE"] = ""
    stack.call("up")
    stack.env["API_KEYS_FILE"] = str(keys.path)
    assert "was started without API_KEYS_FILE" in stack.call("up", code=1)
    pids = stack.pids()
    stack.call("down")
    gone(pids)


def killed_servers_are_started_again_by_name_and_no_service_is_touched(folder: Path) -> None:
    stack = LocalStack(folder, "servers")
    stack.call("up")
    before, first = stack.confirms(), stack.pids()
    stack.stop("redis-1", signal.SIGKILL)
    refusal = ask(f"{stack.base}/api/orders/execute", "POST", ORDER, timeout=5)
    assert refusal.status == 503 and refusal.headers["retry-after"], refusal
    stack.call("start", "redis-1")
    assert "redis-1 is running" in stack.call("start", "redis-1", code=1)
    _insist(stack.confirms)
    assert follow(stack.base, before)[-1]["status"] == "confirmed"
    stack.stop("postgres-1", signal.SIGKILL)
    stack.call("start", "postgres-1")
    listed = _insist(lambda: fetched(f"{stack.base}/api/orders").text)
    assert before in listed, listed
    stack.stop("nginx-1", signal.SIGKILL)
    stack.call("start", "nginx-1")
    _insist(stack.confirms)
    assert "There is no redis-2" in stack.call("start", "redis-2", code=1)
    pids = stack.pids()
    assert pids.keys() == first.keys() and "Already running" in stack.call("up")
    changed = {name for name in pids if pids[name] != first[name]}
    assert changed == {"redis-1", "postgres-1", "nginx-1"}, changed
    stack.call("down")
    gone(first | pids)
    assert "Nothing runs" in stack.call("start", "redis-1", code=1)


def up_says_why_it_can_not_and_leaves_nothing(folder: Path) -> None:
    stack = LocalStack(folder, "bad", MAX_ATTEMPTS="none")
    assert "MAX_ATTEMPTS" in stack.call("up", code=1)
    assert not stack.pids()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stack.env["PORT"] = str(taken.getsockname()[1])
        assert "is taken" in stack.call("up", code=1)
    stack.env["ROUTERS"] = "many"
    assert "ROUTERS" in stack.call("up", code=1)


def a_process_just_started_is_known_for_its_stacks_own(folder: Path) -> None:
    environment = {MARK: str(folder), "PATH": os.environ["PATH"]}
    for _ in range(300):  # without the wait in `spawn`, some of them are not yet: five of 300 on two busy cores
        process = spawn(["sleep", "60"], folder / "sleep.log", environment)
        try:
            assert f"{MARK}={folder}" in words(process.pid, "environ")
        finally:
            process.kill()
            process.wait()


def run_stops_everything_when_interrupted_or_when_a_service_dies(folder: Path) -> None:
    stack = LocalStack(folder, "run")
    for end, code in ((lambda run: run.send_signal(signal.SIGINT), 0), (lambda _: os.kill(stack.pids()["router-1"], signal.SIGKILL), 1)):
        run = subprocess.Popen([ROOT / "scripts/stack", "run"], env=stack.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            text = ""
            while "Stop it" not in text:
                text = run.stdout.readline()
                assert text, f"run ended with {run.wait()}"
            assert text == "Stop it:  Ctrl-C\n", text
            pids = stack.pids()
            end(run)
            output = run.stdout.read()
            assert run.wait(timeout=60) == code, output
            assert code == 0 or "router-1 was killed by SIGKILL" in output, output
            gone(pids)
        finally:
            run.kill()


def the_user_of_Redis_under_compose_may_do_what_the_engine_needs_and_nobody_else_anything(folder: Path) -> None:
    redis, executor = free(2)
    environment = os.environ | {
        "REDIS_PASSWORD": "A.b_c~1-2", "REDIS_ADMIN_PASSWORD": "p@ss 100%", "USERS_FILE": str(folder / "users.acl"),
        "REDIS_URL": f"redis://engine:A.b_c~1-2@127.0.0.1:{redis}", "BIND": "127.0.0.1", "PORT": str(executor)}
    executable = os.environ.get("STACK_BIN") or str(ROOT / ".build/debug")
    server = ["sh", str(ROOT / "deploy/redis/users"), "redis-server", "--port", str(redis), "--save", "", "--dir", str(folder)]
    children = [spawn(argv, folder / "users.log", environment, cwd=ROOT) for argv in (server, [f"{executable}/executor"])]

    def cli(user: str, password: str, *words: str) -> str:
        argv = ["redis-cli", "-p", str(redis), *(("--user", user) if user else ()), *words]
        return subprocess.run(argv, env=os.environ | {"REDISCLI_AUTH": password}, capture_output=True, text=True, timeout=10, check=False).stdout

    try:
        # A process is ready when it has every right that it needs.
        until(lambda: answers(f"http://127.0.0.1:{executor}/health/ready"), "the executor is not ready", 20)
        for words in (["FLUSHALL"], ["CONFIG", "SET", "appendonly", "no"], ["GET", "other"], ["ACL", "LIST"], ["KEYS", "*"], ["SHUTDOWN"]):
            assert "NOPERM" in cli("engine", "A.b_c~1-2", *words), words
        assert "NOAUTH" in cli("", "", "PING") and "NOAUTH" in cli("engine", "wrong", "PING")
        assert cli("admin", "p@ss 100%", "DBSIZE").strip().isdigit()
        assert not {"A.b_c~1-2", "p@ss"} & set((folder / "users.acl").read_text().split())
    finally:
        processes.end([child.pid for child in children], signal.SIGTERM, 20)
    for password in ("", "a@b", "a b", "a\nuser x on nopass"):
        argv = ["sh", ROOT / "deploy/redis/users", "true"]
        done = subprocess.run(argv, env=environment | {"REDIS_PASSWORD": password}, capture_output=True, text=True, timeout=10, check=False)
        assert done.returncode == 78 and "REDIS_PASSWORD" in done.stderr, (password, done)
    user = next(line for line in (folder / "users.acl").read_text().splitlines() if line.startswith("user engine "))
    rights = user.partition("resetchannels ")[2]
    assert f" {rights}\n" in (ROOT / "docs/operations.md").read_text(), "docs/operations.md has other rights"


def _passes(test: Test, folder: Path) -> bool:
    """Whether a test passes. If it does not, prints the ends of the logs."""
    folder.mkdir(mode=0o755)
    passed = passes(test.__name__, lambda: test(folder))
    for log in sorted(folder.glob("*/logs/*.log")) if not passed else ():
        print(f"--- {log}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-5:]))
    for run_dir in folder.iterdir():
        subprocess.run([ROOT / "scripts/stack", "clean"], env=os.environ | {"RUN_DIR": str(run_dir)}, stdout=subprocess.DEVNULL, check=False)
    return passed


def main(_arguments: list[str]) -> int:
    tests = [test for module in (sys.modules[__name__], outside) for test in tests_of(module)]
    with scratch() as folder:
        results = [_passes(test, folder / str(number)) for number, test in enumerate(tests)]
    return 0 if all(results) else 1
