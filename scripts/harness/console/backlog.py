"""A backlog of 500 orders as four witnesses show it: /api/streams, every gateway's /metrics, orderctl, and the page. Also orders that are split."""

import json
import re
import time

from playwright.sync_api import Browser, Locator, Page, expect

from harness.http_client import Json
from harness.private import PrivateStack, until

from .browser import DESKTOP, PHONE, opened, readable

BACKLOG, ROUTERS = 500, 3
# Pools do not move, so earlier swaps do not decide whether a division pays.
SPLIT = {"ROUTING": "split", "SPLIT_MIN_GAIN_BPS": "0", "MOCK_VOLATILITY_BPS": "0"}
SETTINGS = {"ROUTERS": str(ROUTERS), "GATEWAYS": "2", "EXECUTORS": "2", "MOCK_SWAP_LATENCY_MS": "100"} | SPLIT
LABELS = '{db="db0",stream="orders:{0}:accepted",group="router"}'
OLD, STALE = 6, 3  # seconds: how long the backlog waits; how old the figures of a sampler or the page may be on a busy machine
Seen = tuple[int, float, int]  # what a witness shows: backlog, age of the oldest order in seconds, number of routers
UNITS = {"ms": 0.001, "s": 1, "min": 60}


def _of_streams(answer: Json) -> Seen:
    """Backlog, age of the oldest order in seconds, and routers, as /api/streams shows them and orderctl passes them on."""
    group = next(entry for entry in answer["streams"] if entry["stream"] == "accepted")["groups"][0]
    return group["lag"], group["oldestWaitingMs"] / 1000, group["consumers"]


def _of_metrics(engine: PrivateStack) -> Seen:
    """The maximum over all gateways, as a query would compute it."""
    texts = [engine.text("/metrics", gateway) for gateway in engine.addresses("gateway").values()]
    values = [[float(re.search(rf"^redis_stream_group_{name}{re.escape(LABELS)} (\S+)$", text, re.MULTILINE)[1]) for text in texts]
              for name in ("lag", "oldest_waiting_seconds", "consumers_alive")]
    assert len(texts) == 2, texts
    return tuple(max(of_all) for of_all in values)


def _of_page(page: Page) -> Seen:
    """What a person reads on the page."""
    card = page.locator("[data-stage=router]")
    backlog, replicas = card.locator(".queue-count").inner_text(), card.locator(".replica-count").inner_text()
    age = card.locator(".facts div", has=page.get_by_text("Oldest", exact=True)).locator("dd").inner_text()
    parts = re.findall(r"([\d.]+) (ms|s|min)", age)
    assert parts or age == "–", age
    return int(backlog), sum(float(number) * UNITS[unit] for number, unit in parts), 0 if replicas == "none running" else int(replicas.split()[0])


def _witnesses(engine: PrivateStack, page: Page) -> dict[str, Seen]:
    return {
        "/api/streams": _of_streams(engine.get("/api/streams")), "/metrics": _of_metrics(engine),
        "orderctl lag": _of_streams(json.loads(engine.orderctl("lag", "--json"))), "console": _of_page(page)}


def _agreed(engine: PrivateStack, page: Page, backlog: int, routers: int, age: float | None = None) -> dict[str, Seen]:
    """The answers of all four, once they show this backlog, these routers and, if given, this age of the oldest order."""
    deadline = time.monotonic() + 20
    while True:
        seen = _witnesses(engine, page)
        if all((told[0], told[2]) == (backlog, routers) and age in (None, told[1]) for told in seen.values()):
            return seen
        assert time.monotonic() < deadline, f"not all show {backlog} orders and {routers} routers: {seen}"
        page.wait_for_timeout(200)


def a_backlog_without_routers_is_told_alike_by_all_and_drains(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("503", "net::ERR_", "WebSocket connection")) as page:
        for number in range(1, ROUTERS + 1):
            engine.stop(f"router-{number}")
        begun = time.monotonic()
        engine.place(BACKLOG - 1)
        expect(page.locator("#alarms")).to_contain_text("No router is running.")
        page.locator("#amount").fill("3")
        expect(page.locator("#quotes-body")).to_contain_text("No quotes.")
        expect(page.locator("#quotes-summary")).to_contain_text("can be placed all the same")
        page.locator("#place").click()
        page.wait_for_timeout(1000 * max(0, begun + OLD - time.monotonic()))
        seen = _agreed(engine, page, BACKLOG, 0)
        waited = time.monotonic() - begun
        ages = {name: told[1] for name, told in seen.items()}
        assert all(waited - STALE < age < waited + 0.1 for age in ages.values()), f"after {waited:.1f} s the oldest order's age: {ages}"
        assert re.search(rf"^accepted +router +{BACKLOG} +\S+ +[\d.]+ m?s ", engine.orderctl("lag"), re.MULTILINE)
        expect(page.locator("[data-stage=router]")).to_have_attribute("data-level", "critical")
        expect(page.locator("#alarms")).to_contain_text(f"{BACKLOG} orders waiting, the oldest for ")
        expect(page.locator("#overall")).to_have_attribute("data-level", "critical")
        expect(page).to_have_title(re.compile(r"^\(!!\)"))
        expect(page.locator("#order .pill")).to_have_text("Pending")
        expect(page.locator("#order-link")).to_have_text("Live")

        for number in range(1, ROUTERS + 1):
            engine.start(f"router-{number}")
        # The page's age includes the orders in hand, which the routers still have when nothing waits any more.
        _agreed(engine, page, 0, ROUTERS, age=0)
        expect(page.locator("#order .pill")).to_have_text("Confirmed")  # this is the last order
        expect(page.locator("#alarms")).to_be_hidden()
        expect(page.locator("#overall")).to_have_text("Orders flow")
        expect(page.locator("#quotes-summary")).to_contain_text(re.compile("on (Meteora|Raydium)"))
        assert engine.get("/api/streams")["deadLetters"] == 0


AMOUNT = 200  # SOL, more than the best bins hold, so that a division pays more
SPLIT_LOOKS = ((DESKTOP, "light"), (PHONE, "light"), (PHONE, "dark"), ((1280, 900), "dark"))


def _shows_legs(panel: Locator, order: Json) -> None:
    rows = panel.locator(".legs li")
    expect(rows).to_have_count(len(order["legs"]))
    for number, leg in enumerate(order["legs"]):
        for text in (leg["quote"]["dex"].capitalize(), leg["status"], leg["txHash"]):
            expect(rows.nth(number)).to_contain_text(text)


def a_split_order_shows_its_legs(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        page.locator("#amount").fill(str(AMOUNT))
        expect(page.locator("#quotes .split")).to_contain_text("Split: ")
        expect(page.locator("#quotes-summary")).to_contain_text("USDC on Raydium + Meteora")
        page.locator("#place").click()
        panel = page.locator("#order")
        expect(panel.locator(".order-title .pill")).to_have_text("Confirmed")
        order = engine.order(page.evaluate("location.hash").removeprefix("#order="))
        assert len(order["legs"]) > 1 and order["chosenDex"] == "raydium+meteora", order
        _shows_legs(panel, order)
        expect(panel.locator(".quote-table .best")).to_contain_text("Raydium + Meteora")
        assert panel.locator(".quote-table tbody tr").count() == 1 + len(order["quotes"])
        expect(panel.locator(".filled")).to_have_count(0)
        for leg in order["legs"]:
            expect(panel.locator(".attempts:not(.legs)")).to_contain_text(leg["txHash"])
        expect(page.locator("#quotes .split")).to_be_visible()
        readable(page, SPLIT_LOOKS)


def a_split_order_that_fails_says_what_of_it_is_filled(engine: PrivateStack, chromium: Browser) -> None:
    usual = engine.env
    engine.env = usual | {"MOCK_FAILURE_RATE": "0.7", "MAX_ATTEMPTS": "1"}
    try:
        _restart(engine)
        order = _filled_in_part(engine)
    finally:
        engine.env = usual
        _restart(engine)
    with opened(chromium, engine, path=f"/#order={order['orderId']}") as page:
        panel = page.locator("#order")
        expect(panel.locator(".order-title .pill")).to_have_text("Failed")
        _shows_legs(panel, order)
        assert {leg["status"] for leg in order["legs"]} == {"landed", "failed"}, order["legs"]
        expect(panel.locator(".filled")).to_contain_text(f"{order['filled']['amountInDecimal']} of {AMOUNT}")
        expect(panel.locator(".story .notice")).to_contain_text("were filled for")
        expect(page.locator("#quotes .quote-table")).to_be_visible()
        readable(page, SPLIT_LOOKS)


def an_ioc_order_shows_the_part_that_has_filled(engine: PrivateStack, chromium: Browser) -> None:
    price = 100 * float(engine.get("/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=0.01")["amountOutDecimal"])
    [order_id] = engine.place(1, amount=600, orderType="limit", limitPrice=f"{price * 0.998:.4f}", timeInForce="ioc")
    until(lambda: engine.order(order_id)["filled"], "nothing was filled")
    with opened(chromium, engine, path=f"/#order={order_id}") as page:
        panel = page.locator("#order")
        expect(panel.locator(".order-title .pill")).to_have_text("Failed")
        expect(panel.locator(".filled")).to_contain_text("of 600")
        expect(panel).to_contain_text("Quotes for the whole")
        expect(panel.locator(".quote-table .best")).to_have_count(0)
        expect(panel.locator(".attempts:not(.legs) .outcome")).to_have_text("confirmed, a part of the order")
        readable(page, SPLIT_LOOKS)


def _restart(engine: PrivateStack) -> None:
    """Restarts gateways, which say how often an order is tried, and executors, which say how often the chain fails."""
    for name in engine.run.names():
        if name.startswith(("executor", "gateway")):
            engine.stop(name)
            engine.start(name)


def _filled_in_part(engine: PrivateStack) -> Json:
    """An order of which one leg landed and another never will. Among this many orders there is almost always one."""
    ids = engine.place(30, amount=AMOUNT)
    return until(lambda: next(filter(lambda order: order["filled"], map(engine.order, ids)), None), "none was filled in part")
