"""What pages of other sites can do to an engine without keys: another port of this machine, another name, and a name that leads to the engine.

Chromium itself stops some requests. The engine has to refuse the others, each with 403, whatever else is wrong with them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Browser, Page, Response, expect

from harness.http_client import Json, ask
from harness.private import PrivateStack, until
from harness.redis_client import pairs

from .browser import EVIL, opened

# What is refused to pages of other sites though it changes nothing: it costs the venues or the database much.
DEAR = ("/api/doctor", "/api/reconcile", "/api/dead-letters", "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1")

# Every request that changes something, as scripts can send it, with a body of each simple type, of none, and of JSON. What comes back is each one
# whose answer the page could read.
REQUESTS = """async ({ base, order, letter, dear }) => {
    const json = JSON.stringify({ tokenIn: "SOL", tokenOut: "USDC", amount: 1 });
    const changes = [["POST", "/api/orders/execute", json], ["POST", "/api/door/pause", "{}"], ["POST", "/api/door/pause", ""],
        ["DELETE", `/api/orders/${order}`], ["POST", `/api/dead-letters/${letter}/retry`, "{}"], ["DELETE", `/api/dead-letters/${letter}`]];
    const reads = ["/api/access", "/api/orders", `/api/orders/${order}`, "/api/door", "/health", ...dear];
    const sent = reads.map((path) => [path, fetch(base + path)]);
    for (const [method, path, body] of changes) {
        for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]) {
            const content = body === undefined ? {} : { body: new Blob([body], { type }) };
            for (const mode of method === "POST" ? ["cors", "no-cors"] : ["cors"]) {
                sent.push([`${method} ${path} ${type} ${mode}`, fetch(base + path, { method, mode, ...content })]);
            }
        }
    }
    const found = await Promise.all(sent.map(([what, answer]) =>
        answer.then(({ type, status }) => (type === "opaque" ? null : `${what}: ${status}`), () => null)));
    return found.filter((what) => what !== null);
}"""

# Sockets and streams of events. What comes back is each one that opened.
SOCKETS = """async ({ base, order }) => {
    const opens = (what, source) => new Promise((done) => {
        source.onopen = () => done(what);
        source.onerror = () => done(null);
    });
    const paths = ["/v1/stream", `/v1/stream?orderId=${order}`, `/ws/orders/${order}`, `/api/orders/execute?orderId=${order}`, "/api/orders/status"];
    const tried = paths.map((path) => opens(path, new WebSocket(base.replace("http", "ws") + path)));
    tried.push(opens("events", new EventSource(`${base}/api/orders/${order}/events`)));
    return (await Promise.all(tried)).filter((what) => what !== null);
}"""

# Tricks that need no script of their own: forms of every type, images, scripts, beacons, and the console in a frame.
TRICKS = """async ({ base, dear }) => {
    const loaded = (node) => new Promise((done) => node.onload = node.onerror = done);
    const waits = [];
    const frame = (name) => {
        const node = Object.assign(document.createElement("iframe"), { name });
        document.body.append(node);
        waits.push(loaded(node));
        return node;
    };
    const order = '{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"note":"';
    let count = 0;
    for (const path of ["/api/orders/execute", "/api/door/pause"]) {
        for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
            const form = document.createElement("form"), target = `target-${count += 1}`;
            frame(target);
            Object.assign(form, { method: "POST", action: base + path, enctype, target });
            form.append(Object.assign(document.createElement("input"), { name: order, value: '"}' }));
            document.body.append(form);
            form.submit();
        }
    }
    for (const path of [...dear, "/api/door/pause", "/api/orders/execute"]) {
        const image = new Image(), script = document.createElement("script");
        waits.push(loaded(image), loaded(script));
        image.src = script.src = base + path;
        document.head.append(script);
    }
    navigator.sendBeacon(`${base}/api/door/pause`, new Blob(["{}"], { type: "text/plain" }));
    navigator.sendBeacon(`${base}/api/orders/execute`, order + '"}');
    frame("console").src = `${base}/`;
    await Promise.all(waits);
}"""


@contextmanager
def _site() -> Iterator[int]:
    """The port of a site that is not the engine's. `/secretive` is a page that does not say where it is from."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            policy = "no-referrer" if self.path == "/secretive" else "unsafe-url"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Referrer-Policy", policy)
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>A prize for you</title><body>")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _target(engine: PrivateStack) -> Iterator[Json]:
    """What a page is after: an order that could be cancelled, and a dead letter. Raises if anything has changed at the end."""
    engine.redis("XADD", "orders:{0}:accepted", "*", "junk", "x")
    until(lambda: engine.get("/api/streams")["deadLetters"] == 1, "no dead letter")
    engine.stop("executor-1")
    order = engine.place()[0]
    until(lambda: [one["orderId"] for one in engine.get("/api/orders?limit=1")["orders"]] == [order], "the order is not in the list")
    before = _state(engine)
    try:
        letter = engine.get("/api/dead-letters")["deadLetters"][0]["id"]
        yield {"base": engine.base, "order": order, "letter": letter, "dear": DEAR}
        engine.start("executor-1")
        engine.ended([order])
        assert engine.order(order)["status"] == "confirmed" and _state(engine) == before, (engine.order(order), before, _state(engine))
    finally:
        engine.redis("DEL", "orders:{0}:dead")
        ask(f"{engine.base}/api/door/resume", "POST", {})


def _state(engine: PrivateStack) -> Json:
    """What requests could have changed. Orders and retries add entries to the stream."""
    entries = pairs(engine.redis("XINFO", "STREAM", "orders:{0}:accepted"))["entries-added"]
    return {"entries": entries, "door": engine.get("/api/door"), "dead": engine.get("/api/dead-letters")["deadLetters"]}


class Heard:
    """What the engine answers to the requests of a page that it should refuse, also those whose answer the page cannot read."""

    def __init__(self, page: Page, base: str) -> None:
        self._base = base
        # Chromium tells of a request and of its answer in any order.
        self._sent: dict[str, tuple[str, str, str]] = {}  # method, kind of request, address
        self._statuses: list[tuple[str, int]] = []
        self._framed: list[tuple[str, str, str, int]] = []
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._ask)
        session.on("Network.responseReceivedExtraInfo", lambda event: self._statuses.append((event["requestId"], event["statusCode"])))
        session.send("Network.enable")
        page.on("response", lambda response: self._frame(response))

    def _ask(self, event: Json) -> None:
        self._sent[event["requestId"]] = (event["request"]["method"], event["type"], event["request"]["url"])

    def _frame(self, response: Response) -> None:
        """Takes the answer to a form, which is in a frame of its own."""
        if response.request.resource_type == "document":
            self._framed.append((response.request.method, "Document", response.url, response.status))

    def check(self) -> None:
        every = self._framed + [(*self._sent[request], status) for request, status in self._statuses if request in self._sent]
        guarded = [answer for answer in every if self._is_guarded(answer[0], answer[2])]
        assert not (allowed := [answer for answer in guarded if answer[-1] != 403]), allowed
        kinds = {answer[:2] for answer in guarded}
        wanted = {("POST", "Fetch"), ("POST", "Document"), ("GET", "Fetch"), ("GET", "Image"), ("GET", "Script")}
        assert wanted <= kinds, f"never sent: {wanted - kinds}"

    def _is_guarded(self, method: str, url: str) -> bool:
        path = url.removeprefix(self._base)
        return path != url and (method in ("POST", "DELETE") or path in DEAR)


@contextmanager
def _foreign(chromium: Browser, address: str) -> Iterator[Page]:
    page = chromium.new_page()
    try:
        page.goto(address)
        yield page
    finally:
        page.close()


def a_page_of_another_site_changes_and_reads_nothing(engine: PrivateStack, chromium: Browser) -> None:
    with _site() as port, _target(engine) as target:
        for address in (f"http://{host}:{port}/{path}" for host in ("localhost", "127.0.0.1", EVIL) for path in ("", "secretive")):
            with _foreign(chromium, address) as page:
                heard = Heard(page, engine.base)
                assert not (read := page.evaluate(REQUESTS, target)), (address, read)
                assert not (streams := page.evaluate(SOCKETS, target)), (address, streams)
                page.evaluate(TRICKS, target)
                framed = page.frame("console")
                assert framed is not None and framed.locator("#place").count() == 0, f"{address} has the console in a frame"
                heard.check()


def a_name_that_leads_to_the_engine_opens_nothing(engine: PrivateStack, chromium: Browser) -> None:
    base = f"http://{EVIL}:{engine.port}"
    with _target(engine) as target, _foreign(chromium, f"{base}/") as page:
        expect(page.locator("#connection")).to_contain_text("ALLOWED_HOSTS")
        answers = page.evaluate(REQUESTS, target | {"base": base})
        assert len(answers) > 30 and all(answer.endswith(": 421") for answer in answers), answers
        assert not (streams := page.evaluate(SOCKETS, target | {"base": base})), streams


def the_same_requests_from_the_engine_s_own_page_are_answered(engine: PrivateStack, chromium: Browser) -> None:
    """So the other tests have sent what can do harm."""
    order = engine.place()[0]
    target = {"base": engine.base, "order": order, "letter": "0-1-1", "dear": DEAR}
    with opened(chromium, engine, expected=("404", "409", "415", "503")) as page:
        answers = page.evaluate(REQUESTS, target)
        try:
            changes = ("POST /api/orders/execute application/json cors: 202", "POST /api/door/pause application/json cors: 200")
            for what in (*changes, *(f"{path}: 200" for path in DEAR)):
                assert what in answers, (what, answers)
            assert "/v1/stream" in page.evaluate(SOCKETS, target)
        finally:
            ask(f"{engine.base}/api/door/resume", "POST", {})
