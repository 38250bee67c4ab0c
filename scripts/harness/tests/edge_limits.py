"""Tests what one client may take of the edge, and by which address a client is known."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from harness.http_client import ask
from harness.private import until
from harness.tests.private_edge import Edge, Service, edge, problem, raw

ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def what_nginx_itself_refuses_is_a_problem_too() -> None:
    cases = (
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505), (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: x\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET /" + b"x" * 140_000 + b" HTTP/1.1\r\n\r\n", 414))
    with edge() as url:
        for text, status in cases:
            head, _, body = raw(url, text).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 %d " % status) and json.loads(body)["status"] == status, (status, head, body)


def a_body_of_up_to_32_KiB_reaches_the_gateway_which_decides() -> None:
    gateway = Service()
    with edge(gateway=[gateway]) as url:
        assert ask(f"{url}/api/orders/execute", "POST", b"x" * 32 * 1024).status == 200
        answer = ask(f"{url}/api/orders/execute", "POST", b"x" * (32 * 1024 + 1))
        assert (answer.status, answer.code) == (413, "BODY_TOO_LARGE"), answer
        assert len(gateway.heads) == 1


def who_sends_too_slowly_is_let_go() -> None:
    gateway = Service()
    begun = {
        "head": b"GET /api/tokens HTTP/1.1\r\nHost: a\r\n",
        "body": b"POST /api/orders/execute HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
    }
    with edge(gateway=[gateway]) as url, ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda text: raw(url, text, 15), begun.values()))
        assert answers == [b"", b""], answers
        assert not [head for head in gateway.heads if head.startswith("GET")], "half a head was passed on"


def a_body_is_passed_on_as_it_comes_so_that_the_service_judges_its_pace() -> None:
    slow = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\nConnection: close\r\n\r\nslow"
    with edge(gateway=[Service(lambda head: slow, reads_bodies=False)]) as url:
        answer = raw(url, b"POST /api/orders/execute HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{", 5)
        assert answer.startswith(b"HTTP/1.1 408 ") and answer.endswith(b"slow"), answer


@contextmanager
def _sockets(url: Edge, count: int, source: str = "127.0.0.1") -> Iterator[list[bytes]]:
    """What the edge answers to so many upgrades from one address, which all stay open."""
    request = b"GET /v1/stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with ExitStack() as opened:
        answers = []
        for _ in range(count):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", url.port), timeout=10, source_address=(source, 0)))
            connection.sendall(request)
            answers.append(connection.recv(4096))
        yield answers


def one_address_holds_so_many_connections_and_no_more() -> None:
    for settings, limit in (({"EDGE_CONNECTIONS_PER_ADDRESS": "3"}, 3), ({}, 200), ({"EDGE_CONNECTIONS_PER_ADDRESS": "0"}, 250)):
        with edge(settings=settings, notifier=[Service(lambda head: ACCEPTED)], gateway=[Service()]) as url:
            with _sockets(url, limit) as answers:
                assert all(answer.startswith(b"HTTP/1.1 101 ") for answer in answers), answers[-1]
                if limit != 250:
                    assert problem(ask(f"{url}/api/tokens")) == (503, "TOO_MANY_CONNECTIONS")
                    assert problem(ask(f"{url}/v1/stream", headers={"Upgrade": "websocket"})) == (503, "TOO_MANY_CONNECTIONS")
                with _sockets(url, 1, "127.0.0.2") as others:
                    assert others[0].startswith(b"HTTP/1.1 101 "), "another address is refused too"
            until(lambda url=url: ask(f"{url}/api/tokens").status == 200, "closed sockets still count", 5)


def two_addresses_of_one_IPv6_network_count_together() -> None:
    settings = {"EDGE_TRUSTED_PROXIES": "127.0.0.1", "EDGE_CONNECTIONS_PER_ADDRESS": "1"}
    names = "Upgrade: websocket\r\nConnection: Upgrade\r\nX-Forwarded-For: 2001:db8:0:1::1"
    with ExitStack() as opened:
        url = opened.enter_context(edge(settings=settings, notifier=[Service(lambda head: ACCEPTED)], gateway=[Service()]))
        connection = opened.enter_context(socket.create_connection(("127.0.0.1", url.port), timeout=10))
        connection.sendall(f"GET /v1/stream HTTP/1.1\r\nHost: a\r\n{names}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")
        for address, status in (("2001:db8:0:1:ffff::2", 503), ("2001:db8:0:2::1", 200), ("10.0.0.1", 200)):
            assert ask(f"{url}/api/tokens", headers={"X-Forwarded-For": address}).status == status, address


def a_client_cannot_name_its_own_address() -> None:
    gateway = Service()
    forged = {"X-Real-IP": "1.2.3.4", "X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4"}

    def told() -> list[str]:
        return sorted(line for line in gateway.heads[-1].split("\r\n") if line.lower().startswith(("x-real-ip", "x-forwarded-for", "forwarded:")))

    with edge(gateway=[gateway]) as url:
        ask(f"{url}/api/tokens", headers=forged)
        assert told() == ["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1"], told()


def a_trusted_proxy_names_the_address_of_its_client() -> None:
    gateway = Service()
    with edge(settings={"EDGE_TRUSTED_PROXIES": "10.0.0.0/8,127.0.0.1, fd00::/8"}, gateway=[gateway]) as url:
        ask(f"{url}/api/tokens", headers={"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.0.0.9"})
        assert "\r\nX-Real-IP: 1.2.3.4\r\n" in gateway.heads[-1] and "6.6.6.6" not in gateway.heads[-1], gateway.heads[-1]
        ask(f"{url}/api/tokens")
        assert "\r\nX-Real-IP: 127.0.0.1\r\n" in gateway.heads[-1]
