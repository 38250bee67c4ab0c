"""What the page shows while a server is away: the cause, and only what is true then; and how the page recovers by itself."""

import re
import signal

from playwright.sync_api import Browser, expect

from harness.private import PrivateStack

from .browser import DESKTOP, PHONE, REFUSED, opened, readable


def a_growing_backlog_is_an_alarm_and_one_that_waits_a_warning(engine: PrivateStack, chromium: Browser) -> None:
    """Tests the rules themselves by a table: some would take minutes to bring about."""
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


def a_followed_order_survives_the_loss_of_its_socket(engine: PrivateStack, chromium: Browser) -> None:
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
        page.wait_for_timeout(500)  # by now a replay from the beginning would have come
        assert page.locator("#order .log li").count() == so_far
        engine.stop("notifier-1", signal.SIGKILL)
        expect(page.locator("#order-link")).to_contain_text("Connection lost")
        engine.start("executor-1")
        expect(page.locator("#order .pill")).to_have_text("Confirmed")  # fetched by HTTP, because there is no socket
        expect(page.locator("#order .log li")).to_have_count(len(engine.get(f"/api/orders/{order_id}/events")["events"]))
        engine.start("notifier-1")
        expect(page.locator("#overall")).to_have_text("Orders flow")


def the_edge_away_is_said_and_its_return_needs_no_reload(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=REFUSED) as page:
        engine.stop("nginx-1")
        notice = page.locator("#connection")
        expect(notice).to_contain_text("The engine can't be reached.")
        expect(notice).to_contain_text(re.compile(r"Next try in|Trying"))
        expect(page.locator("#overall")).to_have_text("Not connected")
        expect(page.locator("#stages .stage")).to_have_count(4)
        engine.start("nginx-1")
        expect(notice).to_be_hidden()
        expect(page.locator("#overall")).to_have_text("Orders flow")
        expect(page.locator("#quotes-summary")).to_contain_text(re.compile("on (Meteora|Raydium)"))


def an_engine_that_is_silent_for_long_is_asked_at_once_on_request(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=("ERR_FAILED",)) as page:
        page.route("**/api/streams", lambda route: route.abort())
        expect(page.locator("#freshness")).to_contain_text("ago")
        page.unroute("**/api/streams")
        page.get_by_role("button", name="Try now").click()
        expect(page.locator("#connection")).to_be_hidden(timeout=2000)
        expect(page.locator("#freshness")).to_have_text("live")


def a_dead_letter_is_retried_and_dropped(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        engine.redis("XADD", "orders:{0}:accepted", "*", "nonsense", "<b>bold</b>")
        letter = page.locator(".letters > li")
        expect(letter).to_have_count(1)
        expect(letter).to_contain_text("MALFORMED")
        letter.locator("summary").click()
        expect(letter.locator("dd")).to_have_text("<b>bold</b>")  # as it is, not as markup
        expect(page.locator("#overall")).to_have_attribute("data-level", "warning")
        first = letter.get_attribute("data-key")
        letter.get_by_role("button", name="Retry").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#announcer")).to_have_text("The entry is back on accepted.")
        expect(page.locator(f".letters > li[data-key='{first}']")).to_have_count(0)
        expect(letter).to_have_count(1)  # it is as unreadable as before
        letter.get_by_role("button", name="Drop").focus()
        page.keyboard.press("Enter")
        expect(letter.get_by_role("button", name="Keep")).to_be_focused()
        assert engine.get("/api/streams")["deadLetters"] == 1
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#dead-body .empty")).to_be_visible()
        assert engine.get("/api/streams")["deadLetters"] == 0


def a_pause_is_said_everywhere_until_it_ends(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, PHONE, expected=REFUSED) as page:
        before, place = len(engine.get("/api/orders?limit=100")["orders"]), page.locator("#place")
        page.route("**/api/streams", lambda route: route.abort())  # the page has to learn of the pause from the refusal itself
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
        expect(page.locator("#quotes")).not_to_have_attribute("aria-busy", "true")  # quotes that are about to change are faint
        readable(page, ((PHONE, "light"), (DESKTOP, "dark")))
        place.click()
        expect(refusal).to_have_text(said)
        assert len(engine.get("/api/orders?limit=100")["orders"]) == before
        engine.orderctl("resume")
        for gone in ("#ticket-problem", "#ticket-door", "[data-stage=gateway] .door", "#alarms"):
            expect(page.locator(gone)).to_be_hidden()
        expect(page.locator("#overall")).to_have_text("Orders flow")
        place.click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")


def redis_down_is_named_and_no_order_is_promised(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=REFUSED) as page:
        expect(page.locator("#quotes-summary")).to_contain_text("About")
        engine.stop("redis-1", signal.SIGKILL)  # a server that ends in order removes its pid file
        expect(page.locator("#overall")).to_have_text("Redis is down")
        expect(page.locator("#alarms")).to_contain_text(re.compile(r"Redis is down \(.+\)\. No order is taken in"))
        expect(page.locator("#ticket-door")).to_contain_text("No order can be placed while Redis is down")
        expect(page.locator("#connection")).to_be_hidden()
        expect(page.locator("#alarms li")).to_have_count(1)
        page.locator("#amount").fill("3")
        page.locator("#place").click()
        expect(page.locator("#ticket-problem")).to_contain_text("The order was not placed.", timeout=20_000)
        assert "all the same" not in page.locator("#ticket").inner_text()
        expect(page.locator("[data-stage=router] .replica-count")).to_have_text("not known")
        readable(page)
        health = page.evaluate("fetch('health').then((answer) => answer.json())")
        assert health["redis"] == "down" and health["redisReason"], health
        engine.start("redis-1")
        expect(page.locator("#overall")).to_have_text("Orders flow", timeout=20_000)
        expect(page.locator("#ticket-door")).to_be_hidden()
        assert engine.get("/health")["redisReason"] is None
    with opened(chromium, engine, ready=False, expected=REFUSED) as page:
        engine.stop("redis-1", signal.SIGKILL)
        page.reload()
        expect(page.locator("#overall")).to_have_text("Redis is down")
        expect(page.locator("#dead-body")).to_contain_text("when Redis is back")


def postgres_down_is_named_and_orders_go_on(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine, expected=REFUSED) as page:
        engine.stop("postgres-1", signal.SIGINT)
        expect(page.locator("#overall")).to_have_text("Postgres is down")
        expect(page.locator("#alarms")).to_contain_text(re.compile(r"Postgres is down \(.+\)\. Orders go on"))
        page.locator("#place").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        expect(page.locator("#alarms")).to_contain_text("wait in Redis until then; nothing is lost")
        page.wait_for_timeout(6000)  # by now the events have waited longer than in a healthy stage
        expect(page.locator("#alarms li")).to_have_count(1)
        assert "notifier" not in page.locator("#alarms").inner_text()
        readable(page)
        health = engine.get("/health")  # 200: a supervisor must not restart an engine whose orders go on
        assert (health["status"], health["postgres"], health["redis"]) == ("degraded", "down", "up") and health["postgresReason"], health
        engine.start("postgres-1")
        expect(page.locator("#overall")).to_have_text("Orders flow", timeout=20_000)
        assert engine.get("/health")["status"] == "ok"


def alarms_and_warnings_are_counted_apart(engine: PrivateStack, chromium: Browser) -> None:
    with opened(chromium, engine) as page:
        found = page.evaluate("""async () => {
            const { judge, summaryOf } = await import("/console/alarms.js");
            const usual = { stream: "s", waits: "event", replicas: 1, waiting: 0, waitingMs: 0, inHandMs: 0 };
            const stage = (key, more = {}) => ({ key, name: key, ...usual, ...more });
            const said = (stages, state = {}) => summaryOf(judge({ stages, retries: { due: 0 }, deadLetters: 0, ...state }, [], 0));
            const late = { waiting: 9, waitingMs: 9000 };
            return [said([stage("router")]), said([stage("router", { replicas: 0 }), stage("executor", late)], { deadLetters: 1 }),
                said([stage("router", late), stage("executor", late)]), said([stage("router", { replicas: 0 })]),
                said([stage("notifier", late)], { postgres: { state: "down", reason: "gone" } }),
                said([stage("router", { replicas: 0 })], { redis: { state: "down", reason: "gone" } })];
        }""")
        assert found == ["Orders flow", "1 alarm, 2 warnings", "2 warnings", "1 alarm", "Postgres is down", "Redis is down"], found
