"""What the page says while Redis or Postgres is down: the cause, in the server's words, and only what is true then."""

import re
import signal

from playwright.sync_api import expect

from .browser import DESKTOP, PHONE, barriers, opened, overflowing

REFUSED = ("503", "net::ERR_", "WebSocket connection")


def readable(page):
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert not (found := barriers(page) + overflowing(page)), f"{size} {scheme}: {found}"


def redis_down_is_named_and_no_order_is_promised(engine, chromium):
    with opened(chromium, engine, expected=REFUSED) as page:
        expect(page.locator("#quotes-summary")).to_contain_text("About")
        engine.stop("redis-1", signal.SIGKILL)  # one that ends in order takes its pid file along
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


def postgres_down_is_named_and_orders_go_on(engine, chromium):
    with opened(chromium, engine, expected=REFUSED) as page:
        engine.stop("postgres-1", signal.SIGINT)
        expect(page.locator("#overall")).to_have_text("Postgres is down")
        expect(page.locator("#alarms")).to_contain_text(re.compile(r"Postgres is down \(.+\)\. Orders go on"))
        page.locator("#place").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        expect(page.locator("#alarms")).to_contain_text("wait in Redis until then; nothing is lost")
        page.wait_for_timeout(6000)  # by now the events have waited longer than a healthy stage lets them
        expect(page.locator("#alarms li")).to_have_count(1)
        assert "notifier" not in page.locator("#alarms").inner_text()
        readable(page)
        health = engine.get("/health")  # 200: who restarts what is not well must leave an engine alone whose orders go on
        assert (health["status"], health["postgres"], health["redis"]) == ("degraded", "down", "up") and health["postgresReason"], health
        engine.start("postgres-1")
        expect(page.locator("#overall")).to_have_text("Orders flow", timeout=20_000)
        assert engine.get("/health")["status"] == "ok"


def alarms_and_warnings_are_counted_apart(engine, chromium):
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


TESTS = [alarms_and_warnings_are_counted_apart, redis_down_is_named_and_no_order_is_promised, postgres_down_is_named_and_orders_go_on]
