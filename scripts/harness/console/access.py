"""Whether everybody can use the page: names, labels, contrast, focus, small screens, a proxy before it, and what it may load."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect

from harness.http_client import ask, fetched
from harness.private import PrivateStack
from harness.runner.ports import free
from harness.runner.servers import program

from .browser import DESKTOP, PHONE, barriers, look, opened, overflowing, readable


def nobody_is_kept_out_in_any_scheme_or_size(engine: PrivateStack, chromium: Browser) -> None:
    order_id = engine.place()[0]
    with opened(chromium, engine, path=f"/#order={order_id}") as page:
        expect(page.locator("#order .pill")).to_have_text("Confirmed")
        expect(page.locator("#quotes .quote-table")).to_be_visible()
        sizes = ((DESKTOP, "light"), (PHONE, "light"), ((700, 900), "dark"), ((920, 900), "light"), ((1280, 900), "dark"), ((2200, 1200), "dark"))
        for size, scheme in sizes:
            look(page, size, scheme)
            assert not (found := overflowing(page)), f"{size} {scheme}: {found}"
            if size in (DESKTOP, PHONE, (1280, 900)):
                assert not (found := barriers(page)), f"{size} {scheme}: {found}"


def alarms_and_errors_are_as_readable_as_the_rest(engine: PrivateStack, chromium: Browser) -> None:
    engine.redis("XADD", "orders:{0}:accepted", "*", "of-a-very-long-name-that-has-no-place-to-break", "x" * 300)
    try:
        with opened(chromium, engine, expected=("503", "ERR_FAILED", "WebSocket connection")) as page:
            expect(page.locator(".letters > li")).to_have_count(1)
            page.locator(".letters summary").click()
            page.locator("#amount").fill("x")
            page.locator("#slippage").fill("99")
            engine.stop("router-1")
            expect(page.locator("#alarms")).to_contain_text("Alarm")
            page.route("**/api/streams", lambda route: route.abort())
            expect(page.locator("#connection")).to_be_visible()
            readable(page)
    finally:
        engine.redis("DEL", "orders:{0}:dead")


def without_keys_nobody_is_asked_for_one(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        for part in ("#sign-in", "#caller"):
            expect(page.locator(part)).to_be_hidden()
        for part in ("#ticket-door", "#blotter-note"):
            expect(page.locator(part)).to_have_text("")
        assert page.evaluate("sessionStorage.length + localStorage.length") == 0


def the_focus_is_seen_and_goes_down_the_page(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        stops = []
        for _ in range(60):
            page.keyboard.press("Tab")
            stop = page.evaluate("""() => {
                const node = document.activeElement, box = node.getBoundingClientRect(), style = getComputedStyle(node);
                if (node === document.body) return null;
                const order = ["ticket", "order", "pipeline", "activity", "blotter", "dead-letters"];
                return { what: node.id || node.textContent.slice(0, 20) || node.className, seen: style.outlineStyle !== "none" && box.width > 1,
                    panel: order.indexOf(node.closest(".panel")?.id) };
            }""")
            if stop is None or stop in stops:
                break
            stops.append(stop)
        assert len(stops) > 15, stops
        assert not (unseen := [stop["what"] for stop in stops if not stop["seen"]]), f"no outline: {unseen}"
        panels = [stop["panel"] for stop in stops]
        assert panels == sorted(panels), stops


def the_chosen_scheme_stays_and_paints_first(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        page.locator("#scheme").select_option("dark")
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 14, 19)"
        expect(page.locator("#scheme")).to_have_value("dark")


def the_page_is_served_with_a_policy_and_the_api_as_before(engine: PrivateStack, _chromium: Browser) -> None:
    kinds = {"/": "text/html", "/console/main.js": "text/javascript", "/console/styles/base.css": "text/css", "/console/icon.svg": "image/svg+xml"}
    for path, kind in kinds.items():
        headers = fetched(engine.base + path).headers
        assert headers["content-type"] == f"{kind}; charset=utf-8", (path, headers["content-type"])
        assert headers["content-security-policy"].startswith("default-src 'self';"), path
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-cache"), path
    assert "content-security-policy" not in fetched(f"{engine.base}/api/tokens").headers
    for path in ("/console/none.js", "/console/", "/console/styles/", "/console/..%2fREADME.md"):
        answer = ask(engine.base + path)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json"), (path, answer)


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
}}"""


@contextmanager
def _proxy(engine: PrivateStack) -> Iterator[str]:
    """Runs another nginx before the edge, as people do."""
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


def the_page_works_below_a_path(engine: PrivateStack, chromium: Browser) -> None:
    usual = engine.base
    with _proxy(engine) as engine.base:
        try:
            with opened(chromium, engine, path="/") as page:
                expect(page.locator("#overall")).to_have_text("Orders flow")
                page.locator("#place").click()
                expect(page.locator("#order-link")).to_have_text("Final")
                expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
                assert page.evaluate("location.pathname") == "/engine/"
        finally:
            engine.base = usual


def the_policy_lets_sockets_through_where_self_does_not_count_them(engine: PrivateStack, _chromium: Browser) -> None:
    def policy(host: str) -> str:
        headers = ask(f"{engine.base}/", headers={"Host": host}).headers
        return dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))["connect-src"]

    assert policy("engine.example:8443") == "'self' ws://engine.example:8443 wss://engine.example:8443"
    assert policy("[::1]:3000") == "'self' ws://[::1]:3000 wss://[::1]:3000"
    assert policy("x;script-src") == "'self'"
