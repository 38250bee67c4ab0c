"""Orders that are divided over several pools: the ticket's split, the legs of an order, and what of one that failed was filled."""

import time

from playwright.sync_api import expect

from .browser import DESKTOP, PHONE, barriers, opened, overflowing

# still pools, so that what was swapped before does not decide whether a division pays
SETTINGS = {"ROUTING": "split", "SPLIT_MIN_GAIN_BPS": "0", "MOCK_VOLATILITY_BPS": "0"}
AMOUNT = 200  # SOL, more than the best bins hold, so that a division pays more
LOOKS = ((DESKTOP, "light"), (PHONE, "light"), (PHONE, "dark"), ((1280, 900), "dark"))


def readable(page):
    for size, scheme in LOOKS:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert not (found := overflowing(page)), f"{size} {scheme}: {found}"
        assert not (found := barriers(page)), f"{size} {scheme}: {found}"


def shows_legs(panel, order):
    rows = panel.locator(".legs li")
    expect(rows).to_have_count(len(order["legs"]))
    for number, leg in enumerate(order["legs"]):
        for text in (leg["quote"]["dex"].capitalize(), leg["status"], leg["txHash"]):
            expect(rows.nth(number)).to_contain_text(text)


def a_split_order_shows_its_legs(engine, chromium):
    with opened(chromium, engine) as page:
        page.locator("#amount").fill(str(AMOUNT))
        expect(page.locator("#quotes .split")).to_contain_text("Split: ")
        expect(page.locator("#quotes-summary")).to_contain_text("USDC on Raydium + Meteora")
        page.locator("#place").click()
        panel = page.locator("#order")
        expect(panel.locator(".order-title .pill")).to_have_text("Confirmed")
        order = engine.get(f"/api/orders/{page.evaluate('location.hash').removeprefix('#order=')}")
        assert len(order["legs"]) > 1 and order["chosenDex"] == "raydium+meteora", order
        shows_legs(panel, order)
        expect(panel.locator(".quote-table .best")).to_contain_text("Raydium + Meteora")
        assert panel.locator(".quote-table tbody tr").count() == 1 + len(order["quotes"])
        expect(panel.locator(".filled")).to_have_count(0)
        for leg in order["legs"]:
            expect(panel.locator(".attempts:not(.legs)")).to_contain_text(leg["txHash"])
        expect(page.locator("#quotes .split")).to_be_visible()
        readable(page)


def a_split_order_that_fails_says_what_of_it_is_filled(engine, chromium):
    usual = engine.env
    engine.env = usual | {"MOCK_FAILURE_RATE": "0.7", "MAX_ATTEMPTS": "1"}
    try:
        restart(engine)
        order = filled_in_part(engine)
    finally:
        engine.env = usual
        restart(engine)
    with opened(chromium, engine, path=f"/#order={order['orderId']}") as page:
        panel = page.locator("#order")
        expect(panel.locator(".order-title .pill")).to_have_text("Failed")
        shows_legs(panel, order)
        assert {leg["status"] for leg in order["legs"]} == {"landed", "failed"}, order["legs"]
        expect(panel.locator(".filled")).to_contain_text(f"{order['filled']['amountInDecimal']} of {AMOUNT}")
        expect(panel.locator(".story .notice")).to_contain_text("were filled for")
        expect(page.locator("#quotes .quote-table")).to_be_visible()
        readable(page)


def restart(engine):
    """The gateways say how often an order is tried, the executors how often the chain fails."""
    for name in engine.run.names():
        if name.startswith(("executor", "gateway")):
            engine.stop(name)
            engine.start(name)


def filled_in_part(engine):
    """An order of which one leg landed and another never does: of this many, all but never none."""
    ids, deadline = engine.place(30, amount=AMOUNT), time.monotonic() + 20
    while True:
        orders = [engine.get(f"/api/orders/{order_id}") for order_id in ids]
        if found := [order for order in orders if order["filled"]]:
            return found[0]
        assert time.monotonic() < deadline, [order["status"] for order in orders]
        time.sleep(0.2)


TESTS = [a_split_order_shows_its_legs, a_split_order_that_fails_says_what_of_it_is_filled]
