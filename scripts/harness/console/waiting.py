"""Orders that wait for a price: what the ticket says of them, where they are listed, and how they are amended, cancelled and fired."""

import re
from decimal import Decimal

from playwright.sync_api import Browser, Locator, Page, Route, expect

from harness.http_client import ask
from harness.private import PrivateStack, until

from .browser import DESKTOP, LOOKS, PHONE, opened, readable

# A market that moves by about 1 % to either side, so that a price near the present one is reached within seconds.
SETTINGS = {"MOCK_VOLATILITY_BPS": "100"}
FIRES_WITHIN = 90_000  # ms
FIELDS = (
    "triggerPrice", "stopPrice", "trailing", "limitPrice", "minLiquidity", "timeInForce", "expiry", "slippage", "stopSlippage", "allowImmediate",
)


def _shown(page: Page) -> list[str]:
    return [name for name in FIELDS if page.locator(f"[data-term={name}]").is_visible()]


def _fill(page: Page, kind: str, **texts: str) -> None:
    page.locator("#order-type").select_option(kind)
    for name, text in texts.items():
        page.locator("#" + name.replace("_", "-")).fill(text)


def _rows(page: Page) -> Locator:
    return page.locator(".open-orders > li")


def _row(page: Page, order_id: str) -> Locator:
    return page.locator(f".open-orders > li[data-key='{order_id}']")


def _followed(page: Page) -> str:
    page.wait_for_url(re.compile("#order="))
    return page.evaluate("location.hash").removeprefix("#order=")


def _mark(engine: PrivateStack) -> Decimal:
    """What a small swap brings now, in USDC for a SOL."""
    return Decimal(engine.get("/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=0.01")["quotes"][0]["price"])


def _amend(engine: PrivateStack, order_id: str, **changes: str | bool) -> None:
    answer = ask(f"{engine.base}/api/orders/{order_id}", "PATCH", changes)
    assert answer.status == 200, answer.json()


def _least_gap(page: Page) -> float:
    """How far the names of the steps are apart at least, in pixels."""
    return page.evaluate("""() => {
        const boxes = [...document.querySelectorAll(".steps li")].map((step) => {
            const range = document.createRange();
            range.selectNodeContents(step.lastChild);
            return range.getBoundingClientRect();
        });
        return Math.min(...boxes.slice(1).map((box, index) => box.left - boxes[index].right));
    }""")


def _cancel_all(engine: PrivateStack) -> None:
    """Leaves no open order for the next test."""
    for order in engine.get("/api/orders?status=open&limit=100")["orders"]:
        ask(f"{engine.base}/api/orders/{order['id']}", "DELETE")
    until(lambda: not engine.get("/api/orders?status=open")["orders"], "orders are still open")


def the_ticket_shows_the_fields_of_the_type_and_no_others(engine: PrivateStack, chromium: Browser) -> None:
    cases = {
        "market": ["slippage"], "limit": ["limitPrice", "timeInForce", "allowImmediate"],
        "stop": ["triggerPrice", "timeInForce", "slippage", "allowImmediate"],
        "stopLimit": ["triggerPrice", "limitPrice", "timeInForce", "allowImmediate"],
        "takeProfit": ["triggerPrice", "limitPrice", "timeInForce", "slippage", "allowImmediate"],
        "trailingStop": ["trailing", "timeInForce", "slippage"], "sniper": ["minLiquidity", "timeInForce", "slippage"],
        "oco": ["triggerPrice", "stopPrice", "timeInForce", "slippage", "stopSlippage", "allowImmediate"],
    }
    with opened(chromium, engine) as page:
        for kind, fields in cases.items():
            page.locator("#order-type").select_option(kind)
            assert _shown(page) == fields, f"{kind}: {_shown(page)}"
            expect(page.locator("#ticket [aria-invalid=true]")).to_have_count(0)  # nothing is called wrong before it is written
        page.locator("#order-type").select_option("stop")
        expect(page.locator("#slippage")).to_have_value("10")  # a stop has to get out in a fall
        page.locator("#order-type").select_option("takeProfit")
        expect(page.locator("#slippage")).to_have_value("1")
        expect(page.locator("#time-in-force option")).to_have_count(2)
        page.locator("#limit-price").fill("180")  # a floor takes the place of the slippage, and allows a single try
        assert "slippage" not in _shown(page)
        expect(page.locator("#time-in-force option")).to_have_count(4)
        page.locator("#time-in-force").select_option("gtd")
        assert "expiry" in _shown(page)
        page.locator("#token-in").select_option("JUP")
        page.locator("#token-out").select_option("RAY")  # neither of them is one that prices are given in
        expect(page.locator("#price-token")).to_be_visible()
        page.locator("#price-token").select_option("JUP")
        expect(page.locator("label[for=limit-price]")).to_contain_text("of JUP")


def each_type_says_beforehand_what_the_engine_says_afterwards(engine: PrivateStack, chromium: Browser) -> None:
    cases = (
        ("limit", {"limit_price": "1800"}, "Sell 1.5 SOL when SOL is at or above 1800 USDC, for at least 2700 USDC."),
        ("stop", {"trigger_price": "13.50"}, "Sell 1.5 SOL when SOL is at or below 13.5 USDC, at the price of that moment, at most 10 % below"),
        ("stopLimit", {"trigger_price": "14", "limit_price": "13.333333333"}, "at or below 14 USDC, for at least 20 USDC."),
        ("takeProfit", {"trigger_price": "1900"}, "Sell 1.5 SOL when SOL is at or above 1900 USDC, at the price of that moment, at most 1 % below"),
        ("takeProfit", {"trigger_price": "1900", "limit_price": "1850.1"}, "at or above 1900 USDC, for at least 2775.15 USDC."),
        ("trailingStop", {"trailing": "25.5"}, "Sell 1.5 SOL when SOL has fallen by 25.5 % from its best price, now at"),
        ("sniper", {"min_liquidity": "900000000"}, "Sell 1.5 SOL as soon as there is a market that takes 900000000 SOL, at the price"),
    )
    with opened(chromium, engine) as page:
        page.locator("#amount").fill("1.5")
        for count, (kind, texts, words) in enumerate(cases, 1):
            _fill(page, kind, **texts)
            sentence = page.locator("#ticket-sentence")
            expect(sentence).to_contain_text(words)
            said = sentence.inner_text()
            page.locator("#place").click()
            told = page.locator("#ticket-placed")
            expect(told).to_contain_text("The order is placed. ")
            if kind != "trailingStop":  # its price is one of the moment
                assert said in told.inner_text(), f"{said!r} became {told.inner_text()!r}"
            expect(_rows(page)).to_have_count(count)
            expect(page.locator("#order .order-title .pill")).to_have_text("Open")
        _fill(page, "limit", limit_price="1800")
        page.locator("#time-in-force").select_option("ioc")
        part = "Sell 1.5 SOL, for at least 2700 USDC, or perhaps only a part, at 1800 USDC or better."
        expect(page.locator("#ticket-sentence")).to_have_text(part)
        page.locator("#time-in-force").select_option("gtc")
        _fill(page, "limit", limit_price="5.7")
        page.locator("#flip").click()
        page.locator("#amount").fill("270")
        said = "Spend 270 USDC on SOL when SOL is at or below 5.7 USDC, for at least 47.368421053 SOL."
        expect(page.locator("#ticket-sentence")).to_have_text(said)
        page.locator("#place").click()
        expect(page.locator("#ticket-placed")).to_contain_text(said)
        expect(_rows(page)).to_have_count(len(cases) + 1)
        expect(page.locator("#quotes")).not_to_have_attribute("aria-busy", "true")  # pale while it is
        readable(page)
    _cancel_all(engine)


def an_order_fires_once_its_price_is_reached_and_leaves_the_list(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        for kind, field, share in (("limit", "limit_price", "1.0004"), ("stop", "trigger_price", "0.9996")):
            _fill(page, kind, **{field: str((_mark(engine) * Decimal(share)).quantize(Decimal("0.001")))})
            expect(page.locator("#ticket-sentence")).to_contain_text("Sell 1 SOL when SOL is")
            page.locator("#allow-immediate").check()  # the market may have been there by the time the order comes in
            page.locator("#place").click()
            expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed", timeout=FIRES_WITHIN)
            order_id = _followed(page)
            expect(_row(page, order_id)).to_have_count(0)
            expect(page.locator("#order .steps [data-state=done]")).to_have_count(6)
            expect(page.locator("#order .now")).to_have_text(re.compile(r"Order successfully executed, [\d.]+ m?s after a wait of [\d.]+ "))
            # an order whose size does not fill at its limit waits again, so there may be several
            expect(page.locator("#order .log [data-type=triggered]").first).to_contain_text("SOL is at ")
            expect(page.locator(".orders tr[data-followed] .pill")).to_have_text("Confirmed")
            page.evaluate("location.hash = ''")


def wrong_terms_are_named_beside_their_field(engine: PrivateStack, chromium: Browser) -> None:
    refusal = {"type": "about:blank", "status": 400, "success": False, "code": "BAD_REQUEST", "error": "orders[1].triggerPrice must be lower",
               "errors": [{"field": "orders[1].triggerPrice", "message": "orders[1].triggerPrice must be lower"}]}
    with opened(chromium, engine, expected=("400",)) as page:
        page.locator("#order-type").select_option("limit")
        expect(page.locator("#ticket-sentence")).to_contain_text("once all fields are filled in")
        page.locator("#place").click()
        expect(page.locator("#limit-price-error")).to_have_text("Write a price such as 180 or 0.25.")
        expect(page.locator("#limit-price")).to_be_focused()
        for text, words in (("0", "more than 0"), ("1,5", "such as 180"), ("0." + "1" * 19, "at most 18 digits")):
            page.locator("#limit-price").fill(text)
            expect(page.locator("#limit-price-error")).to_contain_text(words)
        _fill(page, "trailingStop", trailing="0.05")
        expect(page.locator("#trailing-error")).to_have_text("Write a percentage from 0.1 to 90.")
        _fill(page, "stop", trigger_price="100")
        page.locator("#time-in-force").select_option("gtd")
        page.locator("#expiry").fill("2020-01-01T10:00")
        expect(page.locator("#expiry-error")).to_have_text("Choose a time that is still to come.")
        page.get_by_role("button", name="in 1 week").click()
        expect(page.locator("#expiry-error")).to_be_hidden()
        _fill(page, "oco", trigger_price="100", stop_price="120")
        expect(page.locator("#stop-price-error")).to_have_text("The stop must be below the take-profit.")
        page.locator("#stop-price").fill("90")
        page.route("**/api/orders/oco", lambda route: route.fulfill(status=400, json=refusal, content_type="application/problem+json"))
        page.locator("#place").click()
        expect(page.locator("#stop-price-error")).to_have_text("Stop at this price of SOL must be lower.")
        expect(page.locator("#stop-price")).to_be_focused()
        readable(page, ((DESKTOP, "light"), (PHONE, "dark")))
    assert engine.get("/api/orders?status=open")["orders"] == []


def a_price_that_is_reached_already_is_asked_about(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("422",)) as page:
        _fill(page, "limit", limit_price="100")
        page.locator("#place").click()
        expect(page.locator("#allow-immediate-error")).to_have_text(re.compile(r"The price is 1\d\d.* already, .* or tick this box\."))
        expect(page.locator("#allow-immediate")).to_be_focused()
        page.keyboard.press("Space")
        expect(page.locator("#allow-immediate-error")).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        expect(page.locator("#allow-immediate")).not_to_be_checked()  # it was for this order only


def an_order_is_placed_amended_and_cancelled_by_keyboard_alone(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        press = page.keyboard.press
        page.locator("#amount").focus()
        press("Tab")
        expect(page.locator("#order-type")).to_be_focused()
        page.keyboard.type("Limit")
        press("Tab")
        expect(page.locator("#limit-price")).to_be_focused()
        page.keyboard.type("1800")
        press("Enter")
        order_id = _followed(page)
        row = _row(page, order_id)
        expect(row.locator("[data-fact='Waits for']")).to_have_text("SOL at or above 1,800 USDC")
        expect(row.locator("[data-fact='Price now']")).to_have_text(re.compile(r"^1[45]\d\.\d+ USDC$"))
        expect(row.locator("[data-fact=Distance]")).to_have_text(re.compile(r"^1,\d{3}(\.\d+)?%$"))
        row.get_by_role("button", name="Amend").focus()
        press("Enter")
        field = row.get_by_label("Limit price of SOL")
        expect(field).to_be_focused()
        press("Enter")
        expect(row.locator(".amend .notice")).to_have_text("Nothing is different yet.")
        press("Control+A")
        page.keyboard.type("0")
        press("Enter")
        expect(row.locator(".amend .field-error").first).to_have_text("The price must be more than 0.")
        press("Control+A")
        page.keyboard.type("1810.5")
        press("Enter")
        expect(page.locator("#open-told")).to_have_text("Order amended: limit price 1810.5 USDC.")
        expect(row.locator("[data-fact='Waits for']")).to_have_text("SOL at or above 1,810.5 USDC")
        expect(page.locator("#order .log [data-type=amended]")).to_have_count(1)
        expect(page.locator("#order .facts")).to_contain_text("1,810.5 USDC for one SOL")
        expect(row.get_by_role("button", name="Amend")).to_be_focused()
        press("Tab")
        press("Enter")
        expect(_rows(page)).to_have_count(0)
        expect(page.locator("#open-orders")).to_be_focused()
        expect(page.locator("#order .order-title .pill")).to_have_text("Cancelled")
        expect(page.locator("#order .now")).to_contain_text("after it had waited")
        assert engine.order(order_id)["status"] == "cancelled"


def an_order_that_has_changed_meanwhile_is_shown_anew(engine: PrivateStack, chromium: Browser) -> None:
    order_id = engine.place(orderType="takeProfit", triggerPrice="1900")[0]
    with opened(chromium, engine, expected=("412", "422")) as page:
        row = _row(page, order_id)
        row.get_by_role("button", name="Amend").click()
        trigger = row.get_by_label("Trigger price of SOL")
        expect(trigger).to_have_value("1900")
        _amend(engine, order_id, triggerPrice="1905")
        trigger.fill("1910")
        row.get_by_role("button", name="Save changes").click()
        expect(row.locator(".amend .notice")).to_contain_text("The order has changed meanwhile.")
        expect(trigger).to_have_value("1905")
        readable(page)
        trigger.fill("100")
        row.get_by_role("button", name="Save changes").click()
        expect(row.locator(".amend [role=alert]").first).to_contain_text("or tick this box.")
        expect(row.get_by_role("checkbox")).to_be_focused()
        trigger.fill("1910")
        row.get_by_label("Limit price of SOL").fill("1840")
        row.get_by_label("Expires, in your local time").fill(page.evaluate(
            "new Date(Date.now() + 864e5 - new Date().getTimezoneOffset() * 6e4).toISOString().slice(0, 16)"))
        row.get_by_role("button", name="Save changes").click()
        expect(page.locator("#open-told")).to_contain_text("limit price 1840 USDC, trigger price 1910 USDC, expires")
        expect(row.locator(".amend")).to_have_count(0)
        assert engine.order(order_id)["limitPrice"] == "1840"
    _cancel_all(engine)


def an_order_whose_price_is_reached_meanwhile_is_not_amended(engine: PrivateStack, chromium: Browser) -> None:
    first, second = (engine.place(orderType="limit", limitPrice="1800")[0] for _ in range(2))
    with opened(chromium, engine, expected=("409", "ERR_FAILED")) as page:
        _row(page, first).get_by_role("button", name="Amend").click()
        expect(_row(page, first).get_by_label("Limit price of SOL")).to_be_focused()
        _amend(engine, first, limitPrice="100", allowImmediate=True)  # fires at once
        expect(page.locator("#open-told")).to_contain_text("waits no more: see recent orders")
        expect(_row(page, first)).to_have_count(0)
        _row(page, second).get_by_role("button", name="Amend").click()
        page.route(re.compile("/api/orders[?].*status=open"), lambda route: route.abort())  # the list knows nothing of it yet
        _amend(engine, second, limitPrice="100", allowImmediate=True)
        engine.ended([second])
        _row(page, second).get_by_label("Limit price of SOL").fill("1810")
        _row(page, second).get_by_role("button", name="Save changes").click()
        expect(page.locator("#open-told")).to_contain_text("no longer waits for its price")
        expect(_row(page, second)).to_have_count(0)


def the_two_orders_of_a_pair_are_listed_and_cancelled_together(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        _fill(page, "oco", trigger_price="1900", stop_price="10")
        expect(page.locator("#ticket-sentence")).to_contain_text("; or, if that comes first: sell 1 SOL when SOL is at or below 10 USDC")
        expect(page.locator("#place")).to_have_text("Place both orders")
        page.locator("#place").click()
        stop = "Sell 1 SOL when SOL is at or below 10 USDC, at the price of that moment, at most 10 % below its quote."
        expect(page.locator("#ticket-placed")).to_contain_text(stop)
        expect(_rows(page)).to_have_count(2)
        for kind, other in (("Take profit", "the stop"), ("Stop", "the take profit")):
            row = _rows(page).filter(has=page.get_by_text(kind, exact=True))
            expect(row.locator("[data-fact='Paired with']")).to_have_text(other)
        readable(page)
        _rows(page).last.get_by_role("button", name="Cancel both").click()
        expect(page.locator("#open-told")).to_have_text("Both orders are cancelled.")
        expect(_rows(page)).to_have_count(0)
        expect(page.locator("#order .order-title .pill")).to_have_text("Cancelled")
        page.wait_for_timeout(3000)  # by now the list has been asked again
        expect(_rows(page)).to_have_count(0)
        page.locator("#trigger-price").fill("100")
        page.locator("#allow-immediate").check()
        page.locator("#place").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        page.get_by_role("link", name="the other order of the pair").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Cancelled")
        expect(page.locator("#order .log")).to_contain_text("the other order of the pair is filled")


def a_pair_whose_answer_is_lost_is_placed_once(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("ERR_FAILED",)) as page:
        lost = []

        def lose(route: Route) -> None:
            if lost:
                return route.continue_()
            lost.append(route.fetch().status)
            return route.abort()

        page.route("**/api/orders/oco", lose)
        _fill(page, "oco", trigger_price="1900", stop_price="10")
        page.locator("#place").click()
        expect(_rows(page)).to_have_count(2)
        expect(page.locator("#ticket-placed")).to_contain_text("Two orders are placed")
        assert lost == [202], lost
    _cancel_all(engine)


def an_order_that_expires_says_so_everywhere(engine: PrivateStack, chromium: Browser) -> None:
    order_id = engine.place(orderType="limit", limitPrice="1800", expiresAt=4)[0]
    with opened(chromium, engine, path=f"/#order={order_id}") as page:
        expect(page.locator("#order .order-title .pill")).to_have_text("Open")
        expect(page.locator("#order .order-title .pill")).to_have_text("Expired")
        expect(page.locator("#order .steps li").last).to_have_text("Expired")
        expect(page.locator("#order-link")).to_have_text("Final")
        expect(_row(page, order_id)).to_have_count(0)
        page.locator("#blotter-filter").select_option("expired")
        expect(page.locator(f".orders tr[data-key='{order_id}'] .pill")).to_have_text("Expired")
        expect(page.locator(f".orders tr[data-key='{order_id}'] [data-label=Attempts]")).to_have_text("–")


def open_orders_fit_on_a_phone_and_in_the_dark(engine: PrivateStack, chromium: Browser) -> None:
    engine.place(orderType="trailingStop", trailingBps=2500, amount="12345.678901234")
    engine.place(orderType="stop", triggerPrice="1800.123456789012345678", tokenIn="USDC", tokenOut="SOL", amount="98765.4321")
    order_id = engine.place(orderType="sniper", minLiquidity="90000000000000", tokenIn="BONK", amount="123456789.12345")[0]
    with opened(chromium, engine, PHONE, "dark", path=f"/#order={order_id}") as page:
        expect(_rows(page)).to_have_count(3)
        for row in _rows(page).all():
            row.get_by_role("button", name="Amend").click()
            expect(row.locator(".amend")).to_be_visible()
        for look in (*LOOKS, (PHONE, "light"), (DESKTOP, "dark"), ((1024, 900), "light")):
            readable(page, (look,))
            assert (gap := _least_gap(page)) > 1, f"{look}: the names of two steps are {gap} apart"
    _cancel_all(engine)
