"""Placing and following orders through the page, what an order costs, what kind of market this is, and lost answers."""

import re
from decimal import Decimal

from playwright.sync_api import Browser, Locator, Page, Route, expect

from harness.private import PrivateStack

from .browser import DESKTOP, LOOKS, PHONE, opened, readable

SHORT = 0.25  # seconds in which a page that polls would have shown something


def the_page_shows_its_layout_before_any_answer(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, path="/console/nothing", ready=False, expected=("404",)) as page:
        held, released = [], []
        page.route("**/api/**", lambda route: route.continue_() if released else held.append(route))
        page.goto(engine.base + "/")
        expect(page.locator("#overall")).to_have_text("Connecting…")
        assert page.locator(".stage.skeleton").count() == 4
        assert page.locator(".skeleton").first.bounding_box()["height"] > 20
        expect(page.locator("#place")).to_be_disabled()
        released.append(True)
        for route in held:
            route.continue_()
        expect(page.locator("#overall")).to_have_text("Orders flow")
        expect(page.locator("#blotter-body .empty")).to_contain_text("No orders yet")
        expect(page.locator("#dead-body .empty")).to_contain_text("None")
        expect(page.locator(".skeleton")).to_have_count(0)


def an_order_is_placed_and_followed_to_its_end_by_keyboard_alone(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        press = page.keyboard.press
        press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to the order ticket")
        press("Enter")
        press("Tab")
        expect(page.locator("#token-in")).to_be_focused()
        page.keyboard.type("JUP")
        press("Tab")
        press("Tab")
        expect(page.locator("#token-out")).to_be_focused()
        press("Tab")
        press("Control+A")
        page.keyboard.type("1250.5")
        expect(page.locator("#quotes-summary")).to_contain_text(re.compile("USDC on (Meteora|Raydium)"))
        assert page.locator("#quotes .quote-table tbody tr").count() == 2
        expect(page.locator("#place")).to_have_text("Sell 1250.5 JUP for USDC")
        press("Enter")
        panel = page.locator("#order")
        expect(panel.locator(".order-title .pill")).to_have_text("Confirmed")
        expect(panel.locator(".order-title")).to_contain_text("1,250.5 JUP")
        expect(page.locator("#order-link")).to_have_text("Final")
        expect(page.locator("#announcer")).to_contain_text("confirmed. Received")
        expect(panel.locator(".steps [data-state=done]")).to_have_count(5)
        order = engine.order(page.evaluate("location.hash").removeprefix("#order="))
        lost = Decimal(order["amountOutDecimal"]) - Decimal(order["quotes"][0]["amountOutDecimal"])
        row = panel.locator(".facts div", has=page.get_by_text("Difference", exact=True))
        expect(row.locator("dd")).to_contain_text(f"{lost.normalize():+f}".replace("-", "−"))
        for part in ("Price against quote", "Quotes compared", "Transactions", order["txHash"], order["amountOutDecimal"]):
            expect(panel).to_contain_text(part)
        events = engine.get(f"/api/orders/{order['orderId']}/events")["events"]
        expect(panel.locator(".log li")).to_have_count(len(events))
        row = page.locator(".orders tbody tr").first
        expect(row).to_contain_text("1,250.5 JUP → USDC")
        expect(row.locator(".pill")).to_have_text("Confirmed")


def quotes_follow_what_is_typed_and_are_asked_for_once(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        expect(page.locator("#quotes-summary")).to_contain_text(re.compile(r"About 1\d\d\.\d"))
        asked = []
        page.on("request", lambda request: asked.append(request.url) if "/api/quotes" in request.url else None)
        page.locator("#amount").press("End")
        page.locator("#amount").press_sequentially("2345", delay=30)
        expect(page.locator("#quotes-summary")).to_contain_text(re.compile(r"About [\d,]{7,}\.\d+ USDC on (Meteora|Raydium)"))
        assert len(asked) == 1 and "amount=12345" in asked[0], asked
        page.locator("#flip").click()
        expect(page.locator("#amount-unit")).to_have_text("USDC")
        expect(page.locator("#quotes-summary")).to_contain_text("SOL on")


def a_wrong_field_is_named_beside_it_whoever_finds_it(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("400",)) as page:
        amount = page.locator("#amount")
        amount.fill("1,5")
        expect(page.locator("#amount-error")).to_have_text("Write a number such as 1.5.")
        expect(amount).to_have_attribute("aria-invalid", "true")
        page.locator("#place").click()
        expect(amount).to_be_focused()
        amount.fill("99999999999999999999")  # more than the engine's numbers hold; only the engine knows this
        expect(page.locator("#quotes-body")).to_contain_text("No quotes.")
        page.locator("#place").click()
        expect(page.locator("#amount-error")).to_be_visible()
        expect(amount).to_have_attribute("aria-invalid", "true")
        expect(amount).to_be_focused()
        assert engine.get("/api/orders?status=pending,routing,building,submitted")["orders"] == []


def an_answer_that_is_lost_is_asked_for_again_and_makes_one_order(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("ERR_FAILED",)) as page:
        before = len(engine.get("/api/orders?limit=100")["orders"])
        lost = []

        def lose(route: Route) -> None:
            if lost:
                return route.continue_()
            lost.append(route.fetch().status)
            return route.abort()

        page.route("**/api/orders/execute", lose)
        page.locator("#place").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        assert lost == [202], lost
        after = engine.get("/api/orders?limit=100")["orders"]
        assert len(after) == before + 1, f"{before} orders became {len(after)}"


def an_order_is_found_by_its_address_and_among_the_recent(engine: PrivateStack, chromium: Browser) -> None:
    order_id = engine.place()[0]
    with opened(chromium, engine, path=f"/#order={order_id}", expected=("404",)) as page:
        expect(page.locator("#order .hash").first).to_have_text(order_id)
        expect(page.locator("#order .pill")).to_have_text("Confirmed")
        page.locator("#blotter-filter").select_option("failed")
        expect(page.locator("#blotter-body")).to_have_text(re.compile("No order is like this"))
        page.locator("#blotter-filter").select_option("")
        other = page.locator(".orders tbody a").nth(1)
        other.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#order .hash").first).not_to_have_text(order_id)
        expect(page.locator("#order")).to_be_focused()
        page.locator("#amount").focus()
        page.wait_for_timeout(SHORT * 1000)
        expect(page.locator("#amount")).to_be_focused()  # no poll took the focus away
        page.goto(engine.base + "/#order=00000000-0000-7000-8000-000000000000")
        expect(page.locator("#order .notice")).to_be_visible()


def attempts_are_counted_from_the_first_that_was_made(engine: PrivateStack, chromium: Browser) -> None:
    known = engine.get("/api/orders?limit=1")["orders"] or [engine.order(engine.place()[0])]
    cases = [("pending", 1, "–"), ("routing", 1, "–"), ("cancelled", 1, "–"), ("routing", 2, "1"), ("building", 1, "1"), ("failed", 3, "3")]
    orders = [{**known[0], "id": f"o-{n}", "orderId": f"o-{n}", "status": status, "attempts": count} for n, (status, count, _) in enumerate(cases)]
    with opened(chromium, engine, path="/console/nothing", ready=False, expected=("404",)) as page:
        page.route(re.compile("/api/orders[?]"), lambda route: route.fulfill(json={"orders": orders, "nextCursor": None}))
        page.goto(engine.base + "/")
        expect(page.locator(".orders [data-label=Attempts]")).to_have_text([shown for _, _, shown in cases])


SMALL, NOTABLE, HUGE = "1.5", "2500", "250000"


def _impact(page: Page) -> Locator:
    return page.locator(".terms .impact")


def an_order_that_moves_the_price_far_is_asked_about_twice(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        posts = []
        page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
        page.locator("#amount").fill(HUGE)
        page.keyboard.press("Enter")  # before the first quote arrives
        expect(page.locator("#ticket-impact")).to_contain_text(re.compile(r"moves the price by \d\d\.\d%, at your cost.*all the same\?"))
        expect(page.locator("#go-back")).to_be_focused()
        expect(_impact(page)).to_have_attribute("data-level", "critical")
        expect(page.locator("#place")).to_have_text(re.compile(r"Sell 250000 SOL for USDC at \d\d\.\d% impact"))
        readable(page, (*LOOKS, (PHONE, "light")))
        page.locator("#go-back").click()
        expect(page.locator("#go-back")).to_be_hidden()
        expect(page.locator("#amount")).to_be_focused()
        assert not posts, posts
        page.locator("#place").click()
        page.locator("#place").click()
        expect(page.locator("#order .order-title")).to_contain_text("250,000 SOL")
        assert len(posts) == 1, posts


def price_impact_fee_and_least_are_in_every_ticket(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        page.locator("#amount").fill(SMALL)
        terms = page.locator(".terms")
        expect(terms).to_contain_text(re.compile(r"Price impact[\d.]+%Fee0\.\d+%Received at least[\d.]+ USDC"))
        expect(_impact(page)).not_to_have_attribute("data-level", re.compile("."))
        expect(page.locator("#ticket-impact")).to_be_hidden()
        page.locator("#amount").fill(NOTABLE)
        expect(_impact(page)).to_have_attribute("data-level", "warning")
        expect(page.locator("#quotes-summary")).to_contain_text("a smaller one moves it less")
        page.locator("#place").click()  # the page points at this impact but does not ask
        expect(page.locator("#order .order-title")).to_contain_text("2,500 SOL")


def a_simulated_market_is_called_so(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        expect(page.locator("#market")).to_have_text("Mock market")
        assert engine.get("/health")["venues"] == "mock"
        page.route("**/health", lambda route: route.fulfill(json=route.fetch().json() | {"venues": "live"}))
        expect(page.locator("#market")).to_have_text("Paper trading")
        expect(page.locator("#market")).to_have_attribute("title", re.compile("Transactions are simulated"))


LOST = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "success": False, "code": "OUTCOME_UNKNOWN",
        "error": "The answer was lost; the request may have been carried out."}


def _lose(route: Route, count: int, seen: list[str | None]) -> None:
    """Lets the request through and loses its answer, for the first `count` times."""
    seen.append(route.request.headers.get("idempotency-key"))
    answer = route.fetch()
    if len(seen) > count:
        return route.fulfill(response=answer)
    return route.fulfill(status=502, json=LOST, content_type="application/problem+json")


def an_order_whose_answer_is_lost_for_good_is_in_doubt_until_it_is_asked_for_again(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("502",)) as page:
        before, seen = len(engine.get("/api/orders?limit=100")["orders"]), []
        page.route("**/api/orders/execute", lambda route: _lose(route, 4, seen))
        page.locator("#place").click()
        doubt = page.locator("#ticket-doubt")
        expect(doubt).to_contain_text("It is not known whether the order was placed (1 SOL for USDC).", timeout=20_000)
        expect(page.locator("#ticket-problem")).to_be_hidden()
        readable(page, ((DESKTOP, "light"),))
        page.locator("#amount").fill("2")
        expect(doubt).to_be_visible()  # still about the other order
        doubt.get_by_role("button", name="Ask again").click()
        expect(page.locator("#order .order-title")).to_contain_text("1 SOL → USDC")
        expect(doubt).to_be_hidden()
        assert len(seen) == 5 and len(set(seen)) == 1, seen
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        assert len(engine.get("/api/orders?limit=100")["orders"]) == before + 1


def the_same_order_placed_again_settles_the_doubt_instead_of_being_a_second_one(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("502",)) as page:
        seen = []
        page.route("**/api/orders/execute", lambda route: _lose(route, 4, seen))
        page.locator("#place").click()
        expect(page.locator("#ticket-doubt")).to_be_visible(timeout=20_000)
        page.locator("#place").click()
        expect(page.locator("#order .order-title")).to_contain_text("1 SOL → USDC")
        assert len(seen) == 5 and len(set(seen)) == 1, seen


def a_lost_answer_is_asked_for_again_under_its_key(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("502",)) as page:
        seen = []
        page.route("**/api/orders/execute", lambda route: _lose(route, 1, seen))
        page.locator("#place").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        assert len(seen) == 2 and len(set(seen)) == 1, seen


def a_cancellation_whose_answer_is_lost_is_asked_for_again(engine: PrivateStack, chromium: Browser) -> None:
    engine.stop("executor-1")
    order_id = engine.place()[0]
    with opened(chromium, engine, path=f"/#order={order_id}", expected=("502", "503")) as page:
        expect(page.locator("#order .log")).to_contain_text("Received 2 quotes")
        seen, notice = [], page.locator("#order .order-head .notice")
        own = re.compile(f"/api/orders/{order_id}$")
        page.route(own, lambda route: route.fulfill(status=502, json=LOST) if route.request.method == "DELETE" else route.continue_())
        page.get_by_role("button", name="Cancel order").click()
        expect(notice).to_contain_text("It is not known whether the order was cancelled", timeout=20_000)
        assert "Not cancelled" not in notice.inner_text()
        page.unroute(own)
        page.route(own, lambda route: _lose(route, 1, seen) if route.request.method == "DELETE" else route.continue_())
        page.get_by_role("button", name="Cancel order").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Cancelled")
        expect(notice).to_be_hidden()
        page.wait_for_timeout(2000)  # by now the page has asked again for the cancellation
        expect(notice).to_be_hidden()
        assert len(seen) == 2, seen
