"""A backlog of 500 orders as four witnesses show it: /api/streams, every gateway's /metrics, orderctl, and the page."""

import json
import re
import time

from playwright.sync_api import expect

from .browser import opened

BACKLOG, ROUTERS = 500, 3
SETTINGS = {"ROUTERS": str(ROUTERS), "GATEWAYS": "2", "EXECUTORS": "2", "MOCK_SWAP_LATENCY_MS": "100"}
LABELS = '{db="db0",stream="orders:{0}:accepted",group="router"}'
OLD, STALE = 6, 3  # seconds the backlog waits, and what a sampler or the page shows may be old on a busy machine
UNITS = {"ms": 0.001, "s": 1, "min": 60}


def of_streams(answer):
    """Backlog, age of the oldest order in seconds, and routers, as /api/streams tells them and orderctl passes them on."""
    group = next(entry for entry in answer["streams"] if entry["stream"] == "accepted")["groups"][0]
    return group["lag"], group["oldestWaitingMs"] / 1000, group["consumers"]


def of_metrics(engine):
    """The most that any gateway says, as a query over all of them takes it."""
    texts = [engine.text("/metrics", gateway) for gateway in engine.addresses("gateway")]
    values = [[float(re.search(rf"^redis_stream_group_{name}{re.escape(LABELS)} (\S+)$", text, re.MULTILINE)[1]) for text in texts]
              for name in ("lag", "oldest_waiting_seconds", "consumers_alive")]
    assert len(texts) == 2, texts
    return tuple(max(of_all) for of_all in values)


def of_page(page):
    """As a person reads it off the drawing."""
    card = page.locator("[data-stage=router]")
    backlog, replicas = card.locator(".queue-count").inner_text(), card.locator(".replica-count").inner_text()
    age = card.locator(".facts div", has=page.get_by_text("Oldest", exact=True)).locator("dd").inner_text()
    parts = re.findall(r"([\d.]+) (ms|s|min)", age)
    assert parts or age == "–", age
    return int(backlog), sum(float(number) * UNITS[unit] for number, unit in parts), 0 if replicas == "none running" else int(replicas.split()[0])


def witnesses(engine, page):
    return {
        "/api/streams": of_streams(engine.get("/api/streams")), "/metrics": of_metrics(engine),
        "orderctl lag": of_streams(json.loads(engine.orderctl("lag", "--json"))), "console": of_page(page)}


def agreed(engine, page, backlog, routers, age=None):
    """What the four say once all of them show this backlog and these routers, and this age of the oldest order where one is given."""
    deadline = time.monotonic() + 20
    while True:
        seen = witnesses(engine, page)
        if all((told[0], told[2]) == (backlog, routers) and age in (None, told[1]) for told in seen.values()):
            return seen
        assert time.monotonic() < deadline, f"not all show {backlog} orders and {routers} routers: {seen}"
        page.wait_for_timeout(200)


def a_backlog_without_routers_is_told_alike_by_all_and_drains(engine, chromium):
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
        seen = agreed(engine, page, BACKLOG, 0)
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
        # The page's age is that of the orders in hand too, which the routers still have when nothing waits any more.
        agreed(engine, page, 0, ROUTERS, age=0)
        expect(page.locator("#order .pill")).to_have_text("Confirmed")  # the last of all
        expect(page.locator("#alarms")).to_be_hidden()
        expect(page.locator("#overall")).to_have_text("Orders flow")
        expect(page.locator("#quotes-summary")).to_contain_text(re.compile("on (Meteora|Raydium)"))
        assert engine.get("/api/streams")["deadLetters"] == 0


TESTS = [a_backlog_without_routers_is_told_alike_by_all_and_drains]
