"""The console behind a proxy that puts the engine below a path, and the policy that lets its sockets through."""

import subprocess
import urllib.request
from contextlib import contextmanager

from playwright.sync_api import expect

from runner.ports import free
from runner.servers import program

from .browser import opened

PROXY = """\
daemon off;
pid "{folder}/proxy.pid";
error_log "{folder}/proxy.log" warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path "{folder}/body"; proxy_temp_path "{folder}/proxy"; fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi"; scgi_temp_path "{folder}/scgi";
    map $http_upgrade $upgrading {{ default ""; websocket upgrade; }}
    server {{
        listen 127.0.0.1:{port};
        location /engine/ {{
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $upgrading;
            proxy_pass {base}/;
        }}
    }}
}}
"""


@contextmanager
def proxy(engine):
    """Another nginx, as people put one before the edge."""
    port, folder = free(1)[0], engine.run.path / "proxy"
    folder.mkdir(exist_ok=True)
    config = folder / "nginx.conf"
    config.write_text(PROXY.format(folder=folder, port=port, base=engine.base.replace("localhost", "127.0.0.1")))
    child = subprocess.Popen([program("nginx"), "-e", folder / "proxy.log", "-p", folder, "-c", config], stdin=subprocess.DEVNULL)
    try:
        yield f"http://localhost:{port}/engine"
    finally:
        child.terminate()
        child.wait(timeout=10)


def the_page_works_below_a_path(engine, chromium):
    usual = engine.base
    with proxy(engine) as engine.base:
        try:
            with opened(chromium, engine, path="/") as page:
                expect(page.locator("#overall")).to_have_text("Orders flow")
                page.locator("#place").click()
                expect(page.locator("#order-link")).to_have_text("Final")
                expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
                assert page.evaluate("location.pathname") == "/engine/"
        finally:
            engine.base = usual


def the_policy_lets_sockets_through_where_self_does_not_count_them(engine, _chromium):
    def policy(host):
        request = urllib.request.Request(engine.base + "/", headers={"Host": host})
        with urllib.request.urlopen(request, timeout=10) as answer:
            parts = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        return parts["connect-src"]

    assert policy("engine.example:8443") == "'self' ws://engine.example:8443 wss://engine.example:8443"
    assert policy("[::1]:3000") == "'self' ws://[::1]:3000 wss://[::1]:3000"
    assert policy("x;script-src") == "'self'"


TESTS = [the_page_works_below_a_path, the_policy_lets_sockets_through_where_self_does_not_count_them]
