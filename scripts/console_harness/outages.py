"""What the page shows while something is away, and how it comes back by itself."""

import re
import signal

from playwright.sync_api import expect

from .browser import DESKTOP, PHONE, barriers, opened, overflowing

REFUSED = ("503", "net::ERR_", "WebSocket connection")


def a_growing_backlog_is_an_alarm_and_one_that_waits_a_warning(engine, chromium):
    """The rules themselves, by a table: what would take minutes to bring about."""
    with opened(chromium, engine) as page:
        found = page.evaluate("""async () => {
            const { judge } = await import("/console/alarms.js");
            const stage = (waiting, waitingMs, more = {}) =>
                ({ key: "router", name: "Router", stream: "accepted", waits: "order", replicas: 2, waiting, waitingMs, inHandMs: 0, ...more });
            const level = (now, then, state = {}) => judge({ stages: [now], retries: { due: 0 }, deadLetters: 0, ...state },
                then === null ? [] : [{ at: 0, waiting: { router: then } }], 12_000).map((alarm) => alarm.level).join();
            return [level(stage(0, 0), 0), level(stage(50, 2000), 0), level(stage(50, 2000), 60), level(stage(50, 2000), null),
                level(stage(50, 9000), 60), level(stage(0, 0, { inHandMs: 40_000 }), 0), level(stage(0, 0, { replicas: 0 }), 0),
                level(stage(5, 500), 0), level(stage(0, 0), 0, { deadLetters: 2 }), level(stage(0, 0), 0, { retries: { due: 40 } }),
                level(stage(0, 0), 0, { door: { open: true } }), level(stage(0, 0, { replicas: 0 }), 0, { door: { open: false } })];
        }""")
        assert found == ["", "critical", "", "", "warning", "warning", "critical", "", "warning", "warning", "", "critical,warning"], found


def a_followed_order_survives_the_loss_of_its_socket(engine, chromium):
    with opened(chromium, engine, expected=REFUSED) as page:
        engine.stop("executor-1")
        order_id = engine.place()[0]
        page.goto(f"{engine.base}/#order={order_id}")
        expect(page.locator("#order .log")).to_contain_text("Received 2 quotes")
        expect(page.locator("#order-link")).to_have_text("Live")
        so_far = page.locator("#order .log li").count()
        engine.stop("notifier-1", signal.SIGKILL)
        expect(page.locator("#order-link")).to_contain_text("Connection lost")
        engine.start("notifier-1")
        expect(page.locator("#order-link")).to_have_text("Live")
        page.wait_for_timeout(500)  # a replay from the beginning would have come by now
        assert page.locator("#order .log li").count() == so_far
        engine.stop("notifier-1", signal.SIGKILL)
        expect(page.locator("#order-link")).to_contain_text("Connection lost")
        engine.start("executor-1")
        expect(page.locator("#order .pill")).to_have_text("Confirmed")  # asked for by HTTP, as there is no socket
        expect(page.locator("#order .log li")).to_have_count(len(engine.get(f"/api/orders/{order_id}/events")["events"]))
        engine.start("notifier-1")
        expect(page.locator("#overall")).to_have_text("Orders flow")


def the_edge_away_is_said_and_its_return_needs_no_reload(engine, chromium):
    with opened(chromium, engine, expected=REFUSED) as page:
        engine.stop("nginx-1")
        notice = page.locator("#connection")
        expect(notice).to_contain_text("The engine can't be reached.")
        expect(notice).to_contain_text(re.compile(r"Next try in|Trying"))
        expect(page.locator("#overall")).to_have_text("Not connected")
        expect(page.locator("#stages .stage")).to_have_count(4)
        engine.start_edge()
        expect(notice).to_be_hidden()
        expect(page.locator("#overall")).to_have_text("Orders flow")
        expect(page.locator("#quotes-summary")).to_contain_text(re.compile("on (Meteora|Raydium)"))


def an_engine_that_is_silent_for_long_is_asked_at_once_on_request(engine, chromium):
    with opened(chromium, engine, expected=("ERR_FAILED",)) as page:
        page.route("**/api/streams", lambda route: route.abort())
        expect(page.locator("#freshness")).to_contain_text("ago")
        page.unroute("**/api/streams")
        page.get_by_role("button", name="Try now").click()
        expect(page.locator("#connection")).to_be_hidden(timeout=2000)
        expect(page.locator("#freshness")).to_have_text("live")


def a_dead_letter_is_retried_and_dropped(engine, chromium):
    with opened(chromium, engine) as page:
        engine.redis("XADD", "orders:{0}:accepted", "*", "nonsense", "<b>bold</b>")
        letter = page.locator(".letters > li")
        expect(letter).to_have_count(1)
        expect(letter).to_contain_text("MALFORMED")
        letter.locator("summary").click()
        expect(letter.locator("dd")).to_have_text("<b>bold</b>")  # as it is, no markup
        expect(page.locator("#overall")).to_have_attribute("data-level", "warning")
        first = letter.get_attribute("data-key")
        letter.get_by_role("button", name="Retry").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#announcer")).to_have_text("The entry is back on accepted.")
        expect(page.locator(f".letters > li[data-key='{first}']")).to_have_count(0)
        expect(letter).to_have_count(1)  # it is no more readable than before
        letter.get_by_role("button", name="Drop").focus()
        page.keyboard.press("Enter")
        expect(letter.get_by_role("button", name="Keep")).to_be_focused()
        assert engine.get("/api/streams")["deadLetters"] == 1
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#dead-body .empty")).to_be_visible()
        assert engine.get("/api/streams")["deadLetters"] == 0


def a_shut_door_is_said_everywhere_until_it_opens(engine, chromium):
    with opened(chromium, engine, PHONE, expected=REFUSED) as page:
        before, place = len(engine.get("/api/orders?limit=100")["orders"]), page.locator("#place")
        page.route("**/api/streams", lambda route: route.abort())  # the page has to learn it from the refusal itself
        engine.orderctl("pause", "--reason", "<i>upgrade</i> " + "x" * 150)
        place.click()
        refusal = page.locator("#ticket-problem")
        expect(refusal).to_have_text("The order was not placed: new orders are refused for now.", timeout=1000)  # no second try
        page.unroute("**/api/streams")
        page.get_by_role("button", name="Try now").click()
        said = re.compile(r"^The order was not placed: new orders are refused since \d\d:\d\d:\d\d \(<i>upgrade</i> x{150}\)\.$")
        expect(refusal).to_have_text(said)
        expect(page.locator("#ticket-door")).to_be_hidden()  # once is enough
        page.locator("#amount").fill("2")
        expect(refusal).to_be_hidden()
        for place_of_it in ("#ticket-door", "[data-stage=gateway] .door", "#alarms"):
            expect(page.locator(place_of_it)).to_contain_text(re.compile(r"since \d\d:\d\d:\d\d \(<i>upgrade</i> x"))
        expect(page.locator("[data-stage=gateway]")).to_have_attribute("data-level", "warning")
        expect(page.locator("#overall")).to_have_text("New orders refused")
        expect(page.locator("#quotes")).not_to_have_attribute("aria-busy", "true")  # what is about to change is faint
        for size, scheme in ((PHONE, "light"), (DESKTOP, "dark")):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert not (found := barriers(page) + overflowing(page)), f"{size} {scheme}: {found}"
        place.click()
        expect(refusal).to_have_text(said)
        assert len(engine.get("/api/orders?limit=100")["orders"]) == before
        engine.orderctl("resume")
        for gone in ("#ticket-problem", "#ticket-door", "[data-stage=gateway] .door", "#alarms"):
            expect(page.locator(gone)).to_be_hidden()
        expect(page.locator("#overall")).to_have_text("Orders flow")
        place.click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")


TESTS = [
    a_growing_backlog_is_an_alarm_and_one_that_waits_a_warning,
    a_followed_order_survives_the_loss_of_its_socket, the_edge_away_is_said_and_its_return_needs_no_reload,
    an_engine_that_is_silent_for_long_is_asked_at_once_on_request, a_dead_letter_is_retried_and_dropped,
    a_shut_door_is_said_everywhere_until_it_opens]
