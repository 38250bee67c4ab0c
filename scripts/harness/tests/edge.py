"""Tests the edge of deploy/nginx with services that are only sockets: what it answers when they do not, and what it passes on to them."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.checks import run, tests_of
from harness.http_client import ask
from harness.private import scratch
from harness.runner import servers
from harness.runner.settings import ROOT
from harness.tests import edge_limits, edge_transport
from harness.tests.private_edge import OK, Service, edge, problem


def what_was_sent_and_not_answered_may_have_been_carried_out() -> None:
    silent = Service(lambda head: None)
    with edge(gateway=[silent]) as url:
        assert problem(ask(f"{url}/api/orders/execute?a=1", "POST", b"{}")) == (502, "OUTCOME_UNKNOWN")
        assert problem(ask(f"{url}/api/orders/x", "DELETE")) == (502, "OUTCOME_UNKNOWN")
        assert problem(ask(f"{url}/api/orders/x|9")) == (503, "UPSTREAM_UNAVAILABLE")
        assert len([head for head in silent.heads if head.startswith("POST")]) == 1, "a POST was sent twice"


def what_could_not_be_sent_was_not_carried_out() -> None:
    with edge() as url:
        assert problem(ask(f"{url}/api/orders/execute", "POST", b"{}")) == (503, "UPSTREAM_UNAVAILABLE")
        assert problem(ask(f"{url}/api/orders/x|9", "DELETE")) == (503, "UPSTREAM_UNAVAILABLE")
        assert problem(ask(f"{url}/api/orders/x")) == (503, "UPSTREAM_UNAVAILABLE")


def broken_answers_to_one_caller_refuse_no_other() -> None:
    def breaks(head: str) -> bytes | None:
        return None if "/breaks" in head else OK

    one, two = Service(breaks), Service(breaks)
    with edge(gateway=[one, two]) as url:
        for _ in range(20):
            assert ask(f"{url}/breaks", "POST", b"{}").status == 502
            assert ask(f"{url}/api/tokens").status == 200


def a_replica_that_is_gone_is_passed_over() -> None:
    gone = Service()
    alive = Service()
    with edge(gateway=[gone, alive]) as url:
        gone.shutdown()
        gone.server_close()
        assert {ask(f"{url}/api/orders/execute", "POST", b"{}").status for _ in range(20)} == {200}


def the_scheme_that_the_client_used_is_the_first_of_a_list() -> None:
    gateway = Service()
    https = (
        {"X-Forwarded-Proto": "https,http"}, {"X-Forwarded-Proto": "HTTPS"}, {"X-Forwarded-Proto": "wss"}, {"X-Forwarded-Ssl": "on"},
        {"Forwarded": 'for=1.2.3.4;proto="https", for=5.6.7.8;proto=http'}, {"Forwarded": "proto=https"})
    http = ({}, {"X-Forwarded-Proto": "http, https"}, {"X-Forwarded-Proto": "httpsx"}, {"Forwarded": "for=1.2.3.4, proto=https"})
    with edge(gateway=[gateway]) as url:
        for scheme, cases in (("https", https), ("http", http)):
            for headers in cases:
                ask(f"{url}/api/tokens", headers=headers)
                assert f"\r\nX-Forwarded-Proto: {scheme}\r\n" in gateway.heads[-1], (headers, gateway.heads[-1])


def cookies_of_other_applications_neither_refuse_a_request_nor_reach_a_service() -> None:
    gateway = Service()
    with edge(gateway=[gateway]) as url:
        for size in (7_000, 9_000, 20_000):
            cookie = {"Cookie": "a=" + "x" * size}
            assert ask(f"{url}/api/tokens", headers=cookie).status == 200
            assert ask(f"{url}/", headers=cookie).status == 200
        assert not [head for head in gateway.heads if "cookie" in head.lower()], gateway.heads[0]


def a_stream_of_events_without_a_notifier_tells_when_to_connect_again() -> None:
    with edge() as url:
        answer = ask(f"{url}/api/orders/x/events", headers={"Accept": "text/event-stream"})
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream") and "\nretry: 2000\n" in answer.text, answer
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Accept": "text/event-stream"}
        assert problem(ask(f"{url}/v1/stream", headers=upgrade)) == (503, "UPSTREAM_UNAVAILABLE")
        both = {"Accept": "application/json, text/event-stream"}
        assert problem(ask(f"{url}/api/orders/execute", "POST", b"{}", both)) == (503, "UPSTREAM_UNAVAILABLE")
        assert problem(ask(f"{url}/api/quotes?amount=1", headers=both)) == (503, "UPSTREAM_UNAVAILABLE")


def connections_to_a_service_are_used_again() -> None:
    opened = []
    gateway = Service()
    accept = gateway.get_request

    def counted() -> tuple[socket.socket, object]:
        opened.append(1)
        return accept()

    gateway.get_request = counted
    with edge(gateway=[gateway]) as url:
        for _ in range(200):
            assert ask(f"{url}/api/tokens").status == 200
        assert len(opened) <= 4, f"{len(opened)} connections for 200 requests"


def a_path_may_have_any_sign() -> None:
    with scratch() as top:
        copy = top / 'a $x & #1 "b"'
        shutil.copytree(ROOT / "console", copy / "console")
        with _odd_checkout(copy), edge(copy.name) as url:
            answer = ask(f"{url}/")
            assert answer.status == 200 and answer.text == (ROOT / "console/index.html").read_text(encoding="utf-8"), answer.status


@contextmanager
def _odd_checkout(folder: Path) -> Iterator[None]:
    """Lets the runner take its files from a checkout in that folder."""
    kept = servers.DEPLOY, servers.CONSOLE
    shutil.copytree(ROOT / "deploy/nginx", folder / "deploy/nginx")
    servers.DEPLOY, servers.CONSOLE = folder / "deploy/nginx", folder / "console"
    try:
        yield
    finally:
        servers.DEPLOY, servers.CONSOLE = kept


def _started(resolv: str, version: str = "1.28.0", addresses: tuple[str, ...] = ()) -> dict[str, str]:
    """What deploy/nginx/start writes, with an nginx of that version and names that resolve to these addresses."""
    with scratch() as top:
        programs = {
            "nginx": f'[ "$1" != -v ] || {{ echo "nginx version: nginx/{version}" >&2; exit; }}\nkill $(jobs -p) 2>/dev/null\nexit 0\n',
            "getent": "".join(f"echo '{address}  STREAM'\n" for address in addresses),
            "sleep": "exit 1\n",
        }
        for name, text in programs.items():
            (top / name).write_text(f"#!/bin/sh\n{text}")
            (top / name).chmod(0o755)
        (top / "resolv.conf").write_text(resolv)
        environment = os.environ | {"PATH": f"{top}:{os.environ['PATH']}", "EDGE_DIR": f"{top}/edge", "RESOLV_CONF": f"{top}/resolv.conf"}
        subprocess.run([ROOT / "deploy/nginx/start", "edge.conf"], env=environment, check=True, timeout=10)
        return {file.stem: file.read_text() for file in (top / "edge").glob("*.conf")}


def names_are_asked_of_the_resolver_that_the_container_has() -> None:
    compose = _started("search office.example\nnameserver 127.0.0.11\noptions ndots:0\n")["upstreams"]
    assert "resolver 127.0.0.11 valid=2s;" in compose and "server gateway:8080 resolve max_fails=0;" in compose, compose
    pod = _started("search other.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\nnameserver fd00::a\n")["upstreams"]
    assert "resolver 10.96.0.10 [fd00::a] valid=2s;" in pod, pod
    assert "server notifier.other.svc.cluster.local:8080 resolve" in pod and "zone notifier" in pod and "keepalive 64;" in pod, pod


def an_nginx_that_does_not_look_names_up_again_is_given_addresses() -> None:
    files = _started("nameserver 127.0.0.11\n", "1.22.1", ("10.0.0.2", "10.0.0.1", "10.0.0.1", "fd00::1"))
    assert "upstream gateway { server 10.0.0.1:8080 max_fails=0; server 10.0.0.2:8080 max_fails=0; server [fd00::1]:8080" in files["upstreams"], files
    assert "upstream router { server 127.0.0.1:1 max_fails=0; keepalive 64" in _started("nameserver 127.0.0.11\n", "1.22.1")["upstreams"]
    assert "worker_rlimit_nofile" in files["limits"] and "worker_connections" in files["limits"], files


def main(_arguments: list[str]) -> int:
    modules = sys.modules[__name__], edge_limits, edge_transport
    return run((test.__name__, test) for module in modules for test in tests_of(module))
