"""Answers that are lost after the request was sent on: what may have been carried out is not called a failure, and never done twice."""

import re

from playwright.sync_api import expect

from .browser import DESKTOP, barriers, opened, overflowing

LOST = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "success": False, "code": "OUTCOME_UNKNOWN",
        "error": "The answer was lost; the request may have been carried out."}


def lose(route, count, seen):
    """Lets the request through, and loses its answer, the first `count` times."""
    seen.append(route.request.headers.get("idempotency-key"))
    answer = route.fetch()
    if len(seen) > count:
        return route.fulfill(response=answer)
    return route.fulfill(status=502, json=LOST, content_type="application/problem+json")


def an_order_whose_answer_is_lost_for_good_is_in_doubt_until_it_is_asked_for_again(engine, chromium):
    with opened(chromium, engine, expected=("502",)) as page:
        before, seen = len(engine.get("/api/orders?limit=100")["orders"]), []
        page.route("**/api/orders/execute", lambda route: lose(route, 4, seen))
        page.locator("#place").click()
        doubt = page.locator("#ticket-doubt")
        expect(doubt).to_contain_text("It is not known whether the order was placed (1 SOL for USDC).", timeout=20_000)
        expect(page.locator("#ticket-problem")).to_be_hidden()
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        assert not (found := barriers(page) + overflowing(page)), found
        page.locator("#amount").fill("2")
        expect(doubt).to_be_visible()  # about the other order still
        doubt.get_by_role("button", name="Ask again").click()
        expect(page.locator("#order .order-title")).to_contain_text("1 SOL → USDC")
        expect(doubt).to_be_hidden()
        assert len(seen) == 5 and len(set(seen)) == 1, seen
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        assert len(engine.get("/api/orders?limit=100")["orders"]) == before + 1


def the_same_order_placed_again_settles_the_doubt_instead_of_being_a_second_one(engine, chromium):
    with opened(chromium, engine, expected=("502",)) as page:
        seen = []
        page.route("**/api/orders/execute", lambda route: lose(route, 4, seen))
        page.locator("#place").click()
        expect(page.locator("#ticket-doubt")).to_be_visible(timeout=20_000)
        page.locator("#place").click()
        expect(page.locator("#order .order-title")).to_contain_text("1 SOL → USDC")
        assert len(seen) == 5 and len(set(seen)) == 1, seen


def a_lost_answer_is_asked_for_again_under_its_key(engine, chromium):
    with opened(chromium, engine, expected=("502",)) as page:
        seen = []
        page.route("**/api/orders/execute", lambda route: lose(route, 1, seen))
        page.locator("#place").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Confirmed")
        assert len(seen) == 2 and len(set(seen)) == 1, seen


def a_cancellation_whose_answer_is_lost_is_asked_for_again(engine, chromium):
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
        page.route(own, lambda route: lose(route, 1, seen) if route.request.method == "DELETE" else route.continue_())
        page.get_by_role("button", name="Cancel order").click()
        expect(page.locator("#order .order-title .pill")).to_have_text("Cancelled")
        expect(notice).to_be_hidden()
        page.wait_for_timeout(2000)  # by now the cancellation was asked for again
        expect(notice).to_be_hidden()
        assert len(seen) == 2, seen


TESTS = [
    a_lost_answer_is_asked_for_again_under_its_key, an_order_whose_answer_is_lost_for_good_is_in_doubt_until_it_is_asked_for_again,
    the_same_order_placed_again_settles_the_doubt_instead_of_being_a_second_one, a_cancellation_whose_answer_is_lost_is_asked_for_again]
