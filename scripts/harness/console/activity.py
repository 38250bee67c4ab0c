"""The list of orders and the charts: what they show at once, how a person goes to an order, and what an idle page asks for."""

import re

from playwright.sync_api import Browser, expect

from harness.private import PrivateStack, until

from .browser import PHONE, opened

LIST = re.compile(r"/api/orders[?]")
IDLE_SECONDS, MAX_BYTES_A_MINUTE = 30, 200_000


def a_click_on_a_row_goes_to_the_order_which_has_an_address_of_its_own(engine: PrivateStack, chromium: Browser) -> None:
    for _ in range(3):
        engine.place()
    with opened(chromium, engine, PHONE) as page:
        row = page.locator(".orders tbody tr").nth(1)
        expect(row.locator(".pill")).to_have_text("Confirmed")
        order_id = row.get_attribute("data-key")
        row.locator("time").click()
        expect(page.locator("#order")).to_be_focused()
        expect(page.locator("#order-heading")).to_be_in_viewport()
        expect(page).to_have_title("1.5 SOL → USDC, Confirmed · Order Execution Engine")
        assert page.evaluate("location.hash") == f"#order={order_id}"
        expect(page.locator("#order .hash").first).to_have_text(order_id)
        page.locator(".orders tbody tr").nth(1).get_by_role("link").click()  # the order that is shown already
        expect(page.locator("#order-heading")).to_be_in_viewport()
        address = page.url
        page.go_back()
        expect(page.locator("#order-body")).to_contain_text("No order is followed yet.")
        expect(page).to_have_title("Order Execution Engine")
    with opened(chromium, engine, path=address.removeprefix(engine.base)) as page:
        expect(page.locator("#order .hash").first).to_have_text(order_id)


def a_row_follows_the_events_of_its_order_and_not_the_list(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("ERR_FAILED",)) as page:
        page.route(LIST, lambda route: route.abort())
        page.locator("#amount").fill("2.25")
        page.locator("#place").click()
        row = page.locator(".orders tbody tr[data-followed]")
        expect(row).to_contain_text("2.25 SOL → USDC")
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        expect(row.locator(".pill")).to_have_text("Confirmed", timeout=300)
        expect(row.locator("[data-label=Received]")).to_contain_text("USDC")
        page.unroute(LIST)
        page.wait_for_timeout(2500)
        expect(page.locator(".orders tbody tr[data-followed] .pill")).to_have_text("Confirmed")
        expect(page.locator(".orders tbody tr[data-followed]")).to_have_count(1)


def the_reason_of_a_failure_is_in_its_row(engine: PrivateStack, chromium: Browser) -> None:
    known = (engine.get("/api/orders?limit=1&view=summary")["orders"] or [engine.order(engine.place()[0])])[0]
    why = "No venue can fill this amount"
    cases = [("failed", why, why), ("confirmed", "Price moved 2.0%", ""), ("cancelled", None, "")]
    orders = [{**known, "id": f"o-{n}", "orderId": f"o-{n}", "status": status, "lastError": error} for n, (status, error, _) in enumerate(cases)]
    with opened(chromium, engine, path="/console/nothing", ready=False, expected=("404",)) as page:
        page.route(LIST, lambda route: route.fulfill(json={"orders": orders, "nextCursor": None}))
        page.goto(engine.base + "/")
        expect(page.locator(".orders [data-label=Reason]")).to_have_text([shown for _, _, shown in cases])


def charts_show_the_last_minutes_as_soon_as_the_page_opens(engine: PrivateStack, chromium: Browser) -> None:
    engine.place(8)
    until(lambda: engine.get("/api/activity")["summary"]["ended"]["confirmed"] >= 8, "not all were confirmed", 15)
    with opened(chromium, engine) as page:
        page.route("**/api/activity**", lambda route: route.abort() if "from=" in route.request.url else route.continue_())
        latency = page.locator(".chart", has=page.get_by_role("heading", name="Latency"))
        expect(latency.locator(".chart-empty")).to_be_hidden()
        expect(latency.locator(".legend b").first).to_have_text(re.compile(r"\d (ms|s)$"))
        expect(page.locator("#activity-note")).to_contain_text(re.compile(r"\d+ orders confirmed.*half within [\d.]+ m?s, 95 of 100 within"))
        page.locator("#activity-period").select_option("3600")
        expect(latency.locator(".times")).to_contain_text("1 h ago")


def an_idle_page_asks_for_little(engine: PrivateStack, chromium: Browser) -> None:
    engine.place(30)
    with opened(chromium, engine) as page:
        expect(page.locator(".orders tbody tr")).to_have_count(25)
        expect(page.locator(".orders tbody .pill").first).to_have_text("Confirmed")
        page.wait_for_timeout(3000)
        session, sizes = page.context.new_cdp_session(page), []
        session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        session.send("Network.enable")
        page.wait_for_timeout(IDLE_SECONDS * 1000)
        session.detach()
        minute = sum(sizes) * 60 / IDLE_SECONDS
        assert len(sizes) > 20 and minute < MAX_BYTES_A_MINUTE, f"{minute / 1000:.0f} KB a minute in {len(sizes) * 60 / IDLE_SECONDS:.0f} answers"
