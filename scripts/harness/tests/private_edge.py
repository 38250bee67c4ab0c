"""An edge of deploy/nginx for a test, in front of services that are only sockets."""

import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.http_client import Answer
from harness.private import scratch, until
from harness.runner import servers
from harness.runner.directory import RunDirectory
from harness.runner.ports import free
from harness.runner.processes import end

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Handler(socketserver.StreamRequestHandler):
    """Answers each request of a connection with what the service's `answer` makes of its head. None ends the connection instead."""

    def handle(self) -> None:
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            if self.server.reads_bodies:
                self.rfile.read(int(fields.get(b"Content-Length", 0)))
            self.server.heads.append(head.decode("latin-1"))
            reply = self.server.answer(head.decode("latin-1"))
            if reply is None:
                return
            self.wfile.write(reply)


class Service(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

    def __init__(self, answer: Callable[[str], bytes | None] = lambda head: OK, reads_bodies: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.reads_bodies, self.heads = answer, reads_bodies, []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Edge(str):
    """The URL of an edge, which knows its port and its log too."""

    def __new__(cls, url: str, port: int, log: Path) -> "Edge":
        edge = super().__new__(cls, url)
        edge.port, edge.log = port, log
        return edge


@contextmanager
def edge(folder: str = "run", settings: dict[str, str] | None = None, **services: list[Service]) -> Iterator[Edge]:
    """An nginx of its own in front of the given services. A service that is not given has a port where nobody listens."""
    with scratch() as top:
        run = RunDirectory(top / folder)
        with run.locked():
            pass
        ports = {name: [service.port for service in services.get(name, [])] or free(1) for name in ("gateway", "router", "notifier")}
        ports["executor"] = []
        nginx = servers.Nginx(run, free(1)[0], "127.0.0.1", ports, os.environ | (settings or {}))
        nginx.prepare()
        child = nginx.start()
        try:
            until(lambda: nginx.healthy() or child.poll() is not None, "nginx does not answer", 10)
            assert child.poll() is None, "\n".join(run.last_lines(nginx.name))
            yield Edge(f"http://127.0.0.1:{nginx.port}", nginx.port, run.log(nginx.name))
        finally:
            end([child.pid], nginx.stop_signal, 10)
            child.wait()
            for service in (service for list_ in services.values() for service in list_):
                service.shutdown()
                service.server_close()


def problem(answer: Answer) -> tuple[int, str]:
    status, document, headers = answer.status, answer.json(), answer.headers
    assert document["status"] == status and document["success"] is False and headers["retry-after"] == "1", (status, document)
    assert headers["content-type"] == "application/problem+json", headers
    return status, document["code"]


def raw(url: str, text: bytes, seconds: float = 10) -> bytes:
    """Everything that the edge sends after this text, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", url.port), timeout=seconds) as connection:
        connection.sendall(text)
        answer = b""
        with suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                answer += piece
        return answer
