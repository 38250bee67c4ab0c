"""Tests the edge's TLS, the headers of its answers, its log, and the settings that it refuses."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.http_client import ask
from harness.private import scratch, until
from harness.runner.ports import free
from harness.runner.settings import ROOT
from harness.tests.private_edge import OK, Service, edge, raw


def every_answer_says_what_a_browser_may_make_of_it() -> None:
    def cached(head: str) -> bytes:
        own = b"Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n" if "/openapi.yaml" in head else b""
        return OK.replace(b"\r\n\r\n", b"\r\n" + own + b"\r\n")

    def lines(url: str, target: str, method: str = "GET", headers: str = "") -> list[str]:
        head = raw(url, f"{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n".encode()).partition(b"\r\n\r\n")[0]
        return sorted(line for line in head.decode("latin-1").lower().split("\r\n") if line.startswith(("cache-control", "x-content-type")))

    both = ["cache-control: no-store", "x-content-type-options: nosniff"]
    revalidated = ["cache-control: no-cache", "x-content-type-options: nosniff"]
    upgrade = "Upgrade: websocket\r\n"
    with edge(gateway=[Service(cached)]) as url:
        assert lines(url, "/api/tokens") == both
        assert lines(url, "/openapi.yaml") == revalidated == lines(url, "/") == lines(url, "/console/main.js")
        refusals = (
            ("/console/none", "GET", ""), ("/x", "TRACE", ""), ("/api/orders/execute", "POST", "Content-Length: 40000\r\n"),
            ("/", "GET", "Host: b\r\n"), ("/api/quotes?a=1", "GET", ""), ("/v1/stream", "GET", upgrade),
            ("/api/orders/x/events", "GET", "Accept: text/event-stream\r\n"))
        for target, method, headers in refusals:
            assert lines(url, target, method, headers) == both, (target, lines(url, target, method, headers))


def the_log_has_no_query() -> None:
    with edge() as url:
        for target in ("/v1/stream?token=SECRET", '/api/orders/execute?a="SECRET,b', "/api/tokens?x?y=\xff\xfeSECRET"):
            text = f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nReferer: http://a/?token=SECRET\r\n"
            assert raw(url, (text + ("Upgrade: websocket\r\n" if "stream" in target else "") + "\r\n").encode("latin-1")).startswith(b"HTTP/1.1 503")
        until(lambda: url.log.read_bytes().count(b"/api/tokens?-") == 2, "the log does not say what failed", 5)
        assert b"SECRET" not in url.log.read_bytes() and b"GET /v1/stream?- HTTP/1.1" in url.log.read_bytes(), url.log.read_text("latin-1")


@contextmanager
def _certificate(*names: str) -> Iterator[list[Path]]:
    """The files of a certificate, each with its key, in a folder of their own."""
    with scratch() as folder:
        for name in names:
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                 "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"], check=True, capture_output=True, timeout=20)
        yield [path for name in names for path in (folder / f"{name}.crt", folder / f"{name}.key")]


def _handshake(port: int, version: ssl.TLSVersion) -> tuple[str, str]:
    """The version and the cipher of a connection that offers this version only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain) as connection:
        return connection.version(), connection.cipher()[0]


def with_a_certificate_the_port_speaks_TLS_and_sends_plain_HTTP_there() -> None:
    gateway = Service()
    with _certificate("one") as (certificate, key):
        settings = {"EDGE_TLS_CERT": str(certificate), "EDGE_TLS_KEY": str(key), "EDGE_HSTS_MAX_AGE_S": "31536000"}
        with edge(settings=settings, gateway=[gateway]) as url:
            answer = ask(f"https://127.0.0.1:{url.port}/api/tokens")
            assert (answer.status, answer.headers["strict-transport-security"]) == (200, "max-age=31536000"), answer
            assert "\r\nX-Forwarded-Proto: https\r\n" in gateway.heads[-1]
            assert "strict-transport-security" in ask(f"https://127.0.0.1:{url.port}/").headers
            plain = ask(f"{url}/api/orders/execute?a=1", "POST", b"{}")
            assert (plain.status, plain.headers["location"]) == (308, f"https://127.0.0.1:{url.port}/api/orders/execute?a=1"), plain
            assert plain.headers["cache-control"] == "no-store" and "strict-transport-security" not in plain.headers
            assert len(gateway.heads) == 1, "plain HTTP reached a service"
            assert _handshake(url.port, ssl.TLSVersion.TLSv1_3)[0] == "TLSv1.3"
            assert _handshake(url.port, ssl.TLSVersion.TLSv1_2)[1].startswith("ECDHE-")
            for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
                try:
                    raise AssertionError(f"the edge speaks {_handshake(url.port, version)}")
                except (ssl.SSLError, ConnectionError):
                    continue


def without_a_setting_no_browser_is_bound_to_TLS() -> None:
    with ExitStack() as opened:
        certificate, key = opened.enter_context(_certificate("one"))
        url = opened.enter_context(edge(settings={"EDGE_TLS_CERT": str(certificate), "EDGE_TLS_KEY": str(key)}, gateway=[Service()]))
        assert "strict-transport-security" not in ask(f"https://127.0.0.1:{url.port}/api/tokens").headers


@contextmanager
def _container(tls: Path) -> Iterator[tuple[int, int]]:
    """The edge of a container that has these files mounted for TLS: its port, and the one for its own network."""
    with scratch() as top:
        deploy, ports = top / "deploy", free(2)
        shutil.copytree(ROOT / "deploy/nginx", deploy)
        places = {"/tmp/": f"{top}/", "/etc/edge/": f"{deploy}/", "8080 plain 8081": f"{ports[0]} plain {ports[1]}"}
        for name in ("replicas.conf", "start"):
            text = (deploy / name).read_text()
            for old, new in places.items():
                text = text.replace(old, new)
            (deploy / name).write_text(text)
        environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin", "EDGE_TLS_DIR": str(tls)}
        with open(top / "log", "wb") as log:
            argv = ["sh", deploy / "start", deploy / "replicas.conf"]
            child = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            yield ports[0], ports[1]
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _served(port: int) -> bytes:
    """The certificate that is served, in binary. Empty if there is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain) as connection:
            return connection.getpeercert(binary_form=True)
    except OSError:
        return b""


def a_container_serves_the_certificate_of_its_mount_and_what_replaces_it() -> None:
    with _certificate("one", "two") as (one, one_key, two, two_key), scratch() as mount:
        def put(certificate: Path, key: Path) -> bytes:
            shutil.copy(key, mount / "tls.key")
            shutil.copy(certificate, mount / "tls.crt")
            return ssl.PEM_cert_to_DER_cert(certificate.read_text())

        wanted = put(one, one_key)
        with _container(mount) as (port, inner):
            until(lambda: _served(port) == wanted, "the certificate is not served", 10)
            assert ask(f"http://127.0.0.1:{port}/").status == 308
            assert ask(f"http://127.0.0.1:{inner}/api/tokens").status == 503, "the network of its own has no plain port"
            wanted = put(two, two_key)
            until(lambda: _served(port) == wanted, "the renewed certificate is not served", 15)


def _settings(*listen: str, **environment: str) -> tuple[int, str, str]:
    """The exit code of deploy/nginx/settings, what it says, and what it writes about where to listen."""
    with scratch() as folder:
        argv = ["sh", ROOT / "deploy/nginx/settings", folder / "made", folder / "tls", *listen]
        done = subprocess.run(argv, env=os.environ | environment, capture_output=True, text=True, timeout=10, check=False)
        written = folder / "made/listen.conf"
        return done.returncode, done.stdout + done.stderr, written.read_text() if written.exists() else ""


def settings_that_cannot_be_used_end_the_start_with_a_sentence() -> None:
    with _certificate("one") as (certificate, key):
        bad = (
            ({"EDGE_CONNECTIONS_PER_ADDRESS": "many"}, "EDGE_CONNECTIONS_PER_ADDRESS is a whole number, not 'many'"),
            ({"EDGE_CONNECTIONS_PER_ADDRESS": "1; x"}, "is a whole number"), ({"EDGE_HSTS_MAX_AGE_S": "-1"}, "EDGE_HSTS_MAX_AGE_S is a whole number"),
            ({"EDGE_TRUSTED_PROXIES": "all; x"}, "EDGE_TRUSTED_PROXIES is a list"), ({"EDGE_TLS_CERT": str(certificate)}, "no key"),
            ({"EDGE_TLS_KEY": str(key)}, "no certificate"), ({"EDGE_TLS_CERT": str(certificate), "EDGE_TLS_KEY": "/none"}, "/none is not there"),
            ({"EDGE_TLS_CERT": "a.crt", "EDGE_TLS_KEY": "a.key"}, "a path is absolute"))
        for environment, sentence in bad:
            code, said, _ = _settings("8080", **environment)
            assert code == 78 and sentence in said and said.count("\n") == 1, (environment, code, said)
        both = {"EDGE_TLS_CERT": str(certificate), "EDGE_TLS_KEY": str(key)}
        assert _settings("8080", "plain", "8081", **both)[2].startswith("listen 8080 ssl;\nlisten 8081;\nssl_certificate "), _settings("8080", **both)
        assert _settings("8080", "plain", "8081")[2] == "listen 8080;\nlisten 8081;\n"


def an_open_edge_that_others_reach_says_so_at_each_start() -> None:
    for bind in ("0.0.0.0", "192.168.1.5", "::"):
        assert "anyone who reaches the port may trade and operate" in _settings("8080", EDGE_BIND=bind)[1], bind
        assert not _settings("8080", EDGE_BIND=bind, API_KEYS_FILE="/keys")[1]
    for bind in ("127.0.0.1", "::1", ""):
        assert not _settings("8080", EDGE_BIND=bind)[1], bind
