"""The console of an engine with API keys: who may see and do what, and where a key is never found. Each test also gets the keys of its stack."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, Request, expect

from harness.http_client import Json, ask
from harness.keys import Keys
from harness.private import PrivateStack, until

from .browser import DESKTOP, PHONE, opened, readable

OPERATOR = "operator-of-the-night-shift"
NAMES: dict[str, tuple[list[str], str | None]] = {
    "alice": (["trade", "read"], "alice"), "auditor": (["read"], "alice"), "bot": (["trade", "read"], None), "dave": (["trade", "read"], None),
    "eve": (["trade", "read"], None), "blind": (["trade"], None), OPERATOR: (["operate"], None)}
POLLED = re.compile(r"/(health|api/(?!access))")  # what the page asks for again and again
GONE = "The key is not valid any more: it was revoked, or its time is over."


@contextmanager
def _console(chromium: Browser, engine: PrivateStack, order: str = "") -> Iterator[Page]:
    """The page with its form. Chromium logs the 401 that makes the page ask for a key, and 503 of /health while there is no executor."""
    with opened(chromium, engine, path=f"/#order={order}" if order else "/", ready=False, expected=("401", "503", "ERR_FAILED")) as page:
        expect(page.locator("#api-key")).to_be_focused()
        yield page


def _sign_in(page: Page, text: str) -> None:
    page.locator("#api-key").fill(text)
    page.locator("#sign-in-button").click()


def _ready(page: Page) -> None:
    for part in ("#stages", "#blotter-body", "#dead-body"):
        expect(page.locator(part)).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#quotes .quote-table")).to_be_visible()


def _placed(engine: PrivateStack, keys: Keys, name: str, **terms: str) -> str:
    """The id of an order that waits for an executor or for the price of its terms, and that the list has."""
    if not terms and engine.run.running("executor-1"):
        engine.stop("executor-1")
    body = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5} | terms
    answer = ask(f"{engine.base}/api/orders/execute", "POST", body, keys.header(name))
    assert answer.status == 202, answer
    order = answer.json()["orderId"]
    until(lambda: order in _listed(engine, keys, OPERATOR), "the order is not in the list")
    return order


def _seen(engine: PrivateStack, keys: Keys, path: str, name: str) -> Json:
    return ask(engine.base + path, headers=keys.header(name)).json()


def _listed(engine: PrivateStack, keys: Keys, name: str) -> list[str]:
    return [order["orderId"] for order in _seen(engine, keys, "/api/orders", name)["orders"]]


def _rows(page: Page) -> Locator:
    return page.locator(".orders tbody tr")


def _kept(page: Page) -> list[str]:
    return page.evaluate("Object.values(sessionStorage)")


def a_key_is_asked_for_and_a_wrong_one_is_refused_in_a_sentence(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    with _console(chromium, engine) as page:
        field, problem = page.locator("#api-key"), page.locator("#sign-in-problem")
        assert (field.get_attribute("type"), field.get_attribute("autocomplete"), field.get_attribute("name")) == ("password", "off", None)
        expect(page.locator("#page")).to_be_hidden()
        expect(page.locator("#caller")).to_be_hidden()
        expect(page.locator("#overall")).to_have_text("Not signed in")
        readable(page)
        for text, sentence in (
            ("", "This is no API key."), ("secret", "This is no API key."), ("oek_" + "0" * 64, "This key is not valid"),
            (keys.texts["blind"], "This key may only place orders.")):
            _sign_in(page, text)
            expect(problem).to_contain_text(sentence)
            expect(field).to_have_attribute("aria-invalid", "true")
            expect(field).to_be_focused()
            assert _kept(page) == []
        readable(page, ((DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")))


def a_person_signs_in_by_keyboard_alone(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    with _console(chromium, engine) as page:
        page.keyboard.insert_text(f" {keys.texts['bot']} ")
        page.keyboard.press("Enter")
        expect(page.locator("#caller-name")).to_have_text("bot")
        expect(page.locator("#announcer")).to_have_text("Signed in as bot.")
        expect(page.locator("#ticket")).to_be_focused()
        expect(page.locator("#sign-in")).to_be_hidden()
        _ready(page)
        expect(page.locator("#place")).to_be_enabled()
        readable(page)
        page.locator("#sign-out").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#api-key")).to_be_focused()
        expect(page.locator("#sign-in-problem")).to_be_hidden()


def a_key_is_in_the_requests_and_nowhere_else(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    key = keys.texts["bot"]
    with _console(chromium, engine) as page:
        requests, sockets, frames = [], [], []
        page.on("request", lambda request: requests.append(request))
        page.on("websocket", lambda socket: (sockets.append(socket.url), socket.on("framesent", lambda frame: frames.append(frame))))
        _sign_in(page, key)
        expect(page.locator("#place")).to_be_enabled()
        page.locator("#place").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        expect(page.locator("#order-link")).to_have_text("Final")
        assert frames[0] == f'{{"op":"auth","key":"{key}"}}', frames[0]
        assert len(requests) > 5 and not (unsigned := [request.url for request in requests if not _has_key(request, key)]), unsigned
        page.reload()
        expect(page.locator("#caller-name")).to_have_text("bot")
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        places = page.evaluate("""() => [document.documentElement.outerHTML, document.title, location.href, document.cookie, document.referrer,
            JSON.stringify({ ...localStorage }), JSON.stringify(history.state), name,
            ...[...document.querySelectorAll("input")].map((input) => input.value)]""")
        for place in (*places, *sockets, *(request.url for request in requests), str(page.context.cookies())):
            assert key[4:] not in place, place[:200]
        assert _kept(page) == [key]
        page.locator("#sign-out").click()
        expect(page.locator("#api-key")).to_be_focused()
        assert _kept(page) == []
        page.reload()
        expect(page.locator("#api-key")).to_be_focused()
    logs = "".join(file.read_text(errors="replace") for file in engine.run.logs.glob("*.log"))
    assert logs and key[4:] not in logs


def _has_key(request: Request, key: str) -> bool:
    return "/console/" in request.url or request.is_navigation_request() or request.headers.get("authorization") == f"Bearer {key}"


def a_key_that_is_revoked_leads_back_to_the_form(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    order = _placed(engine, keys, "dave")
    with _console(chromium, engine, order) as page:
        _sign_in(page, keys.texts["dave"])
        expect(page.locator("#order-link")).to_have_text("Live")
        page.route(POLLED, lambda route: route.abort())  # the page has to learn it from the order's socket
        keys.revoke("dave")
        _is_over(page, order)
        page.unroute(POLLED)
        _sign_in(page, keys.texts["dave"])
        expect(page.locator("#sign-in-problem")).to_contain_text("This key is not valid")
        _sign_in(page, keys.texts[OPERATOR])
        expect(page.locator("#order-link")).to_have_text("Live")


def a_key_whose_time_is_over_leads_back_to_the_form(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    order = _placed(engine, keys, "eve")
    with _console(chromium, engine) as page:
        _sign_in(page, keys.texts["eve"])
        expect(page.locator("#blotter-body")).to_contain_text("1.5 SOL")
        keys.expire("eve")
        _is_over(page, order)
        readable(page)


def _is_over(page: Page, order: str) -> None:
    """Waits for the form, and looks whether anything has stayed."""
    expect(page.locator("#sign-in-problem")).to_have_text(GONE)
    expect(page.locator("#page")).to_be_hidden()
    assert order not in page.locator("#page").inner_html()
    assert _kept(page) == []


def a_key_that_ends_while_nobody_looks_is_asked_for_in_the_same_words(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    with _console(chromium, engine) as page:
        page.evaluate("key => sessionStorage.setItem('api-key /', key)", "oek_" + "1" * 64)
        page.reload()
        expect(page.locator("#sign-in-problem")).to_have_text(GONE)
        assert _kept(page) == []
        page.reload()
        expect(page.locator("#api-key")).to_be_focused()
        expect(page.locator("#sign-in-problem")).to_be_hidden()


def a_socket_that_is_refused_alone_is_opened_again_with_the_same_key(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    with _console(chromium, engine, _placed(engine, keys, "bot")) as page:
        refused = []
        page.route_web_socket("**/v1/stream", lambda socket: (refused.append(1), socket.close(code=4401)) if not refused
            else socket.connect_to_server())
        _sign_in(page, keys.texts["bot"])
        expect(page.locator("#order-link")).to_have_text("Live")
        assert refused and page.locator("#caller-name").inner_text() == "bot"


def a_page_that_has_lost_its_key_asks_for_it(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    with _console(chromium, engine) as page:
        _sign_in(page, keys.texts["bot"])
        _ready(page)
        page.evaluate("sessionStorage.clear()")
        expect(page.locator("#api-key")).to_be_focused()
        expect(page.locator("#sign-in-problem")).to_be_hidden()


def a_browser_that_forbids_storage_keeps_the_key_until_the_page_is_left(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    with _console(chromium, engine) as page:
        page.add_init_script("Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } })")
        page.reload()
        _sign_in(page, keys.texts["bot"])
        _ready(page)
        page.locator("#sign-out").click()
        expect(page.locator("#api-key")).to_be_focused()


def who_may_only_read_sees_why_nothing_can_be_placed(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    order = _placed(engine, keys, "alice")
    _placed(engine, keys, "alice", orderType="limit", limitPrice="1800")
    with _console(chromium, engine, order) as page:
        sent = []
        page.on("request", lambda request: sent.append(request.method))
        _sign_in(page, keys.texts["auditor"])
        expect(page.locator("#order-link")).to_have_text("Live")
        _ready(page)
        expect(page.locator("#caller-scopes")).to_have_text("read · user alice")
        expect(page.locator("#ticket-door")).to_have_text("The key auditor may not place or cancel orders: it lacks the scope trade.")
        expect(page.locator("#place")).to_be_disabled()
        expect(page.locator("#place")).to_have_accessible_description(page.locator("#ticket-door").inner_text())
        page.locator("#amount").press("Enter")
        expect(page.get_by_role("button", name="Cancel order")).to_be_hidden()
        expect(page.locator(".open-orders > li")).to_contain_text("SOL at or above 1,800 USDC")
        expect(page.locator("#open-orders button")).to_have_count(0)
        expect(page.locator("#blotter-note")).to_have_text("of alice")
        expect(_rows(page)).to_have_count(len(_listed(engine, keys, "auditor")))
        expect(page.locator("#dead-body")).to_have_text("The key auditor may not see or handle dead letters: it lacks the scope operate.")
        readable(page)
        assert set(sent) == {"GET"}, sent


def who_trades_sees_and_cancels_own_orders_and_handles_no_dead_letters(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    engine.redis("XADD", "orders:{0}:accepted", "*", "junk", "x")
    try:
        foreign = _placed(engine, keys, "alice")
        with _console(chromium, engine, _placed(engine, keys, "bot")) as page:
            asked = []
            page.on("request", lambda request: asked.append(request.url))
            _sign_in(page, keys.texts["bot"])
            expect(page.locator("#blotter-note")).to_have_text("of this key")
            expect(_rows(page)).to_have_count(len(_listed(engine, keys, "bot")))
            assert foreign not in [row.get_attribute("data-key") for row in _rows(page).all()]
            page.get_by_role("button", name="Cancel order").click()
            expect(page.locator("#order .order-title .pill")).to_have_text("Cancelled")
            expect(page.locator("#dead-note")).to_have_text("1 entry")
            expect(page.locator("#dead-body")).to_contain_text("it lacks the scope operate.")
            expect(page.locator("#dead-body button")).to_have_count(0)
            assert not [url for url in asked if "dead-letters" in url]
    finally:
        engine.redis("DEL", "orders:{0}:dead")


def an_operator_cancels_the_orders_of_others_and_handles_dead_letters(engine: PrivateStack, chromium: Browser, keys: Keys) -> None:
    engine.redis("XADD", "orders:{0}:accepted", "*", "junk", "x")
    until(lambda: _seen(engine, keys, "/api/streams", OPERATOR)["deadLetters"] == 1, "no dead letter")
    with _console(chromium, engine, _placed(engine, keys, "alice")) as page:
        _sign_in(page, keys.texts[OPERATOR])
        expect(page.locator("#caller-scopes")).to_have_text("operate")
        expect(page.locator("#place")).to_be_enabled()
        expect(page.locator("#blotter-note")).to_have_text("")
        page.get_by_role("button", name="Cancel order").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Cancelled")
        readable(page)
        page.get_by_role("button", name="Drop MALFORMED").click()
        page.get_by_role("button", name="for good").click()
        expect(page.locator("#dead-body .empty")).to_contain_text("None")
        assert _seen(engine, keys, "/api/streams", OPERATOR)["deadLetters"] == 0
