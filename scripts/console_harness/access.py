"""Whether everybody can use the page: names, labels, contrast, focus, small screens, and what it may load."""

import urllib.error
import urllib.request

from playwright.sync_api import expect

from .browser import DESKTOP, PHONE, barriers, opened, overflowing

REFUSED = ("503", "ERR_FAILED", "WebSocket connection")


def nobody_is_kept_out_in_any_scheme_or_size(engine, chromium):
    order_id = engine.place()[0]
    with opened(chromium, engine, path=f"/#order={order_id}") as page:
        expect(page.locator("#order .pill")).to_have_text("Confirmed")
        expect(page.locator("#quotes .quote-table")).to_be_visible()
        sizes = ((DESKTOP, "light"), (PHONE, "light"), ((700, 900), "dark"), ((920, 900), "light"), ((1280, 900), "dark"), ((2200, 1200), "dark"))
        for size, scheme in sizes:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert not (found := overflowing(page)), f"{size} {scheme}: {found}"
            if size in (DESKTOP, PHONE, (1280, 900)):
                assert not (found := barriers(page)), f"{size} {scheme}: {found}"


def alarms_and_errors_are_as_readable_as_the_rest(engine, chromium):
    engine.redis("XADD", "orders:{0}:accepted", "*", "of-a-very-long-name-that-has-no-place-to-break", "x" * 300)
    try:
        with opened(chromium, engine, expected=REFUSED) as page:
            expect(page.locator(".letters > li")).to_have_count(1)
            page.locator(".letters summary").click()
            page.locator("#amount").fill("x")
            page.locator("#slippage").fill("99")
            engine.stop("router-1")
            expect(page.locator("#alarms")).to_contain_text("Alarm")
            page.route("**/api/streams", lambda route: route.abort())
            expect(page.locator("#connection")).to_be_visible()
            for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
                page.set_viewport_size({"width": size[0], "height": size[1]})
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                assert not (found := barriers(page)), f"{size} {scheme}: {found}"
                assert not (found := overflowing(page)), f"{size} {scheme}: {found}"
    finally:
        engine.redis("DEL", "orders:{0}:dead")


def the_focus_is_seen_and_goes_down_the_page(engine, chromium):
    with opened(chromium, engine) as page:
        stops = []
        for _ in range(60):
            page.keyboard.press("Tab")
            stop = page.evaluate("""() => {
                const node = document.activeElement, box = node.getBoundingClientRect(), style = getComputedStyle(node);
                if (node === document.body) return null;
                const order = ["ticket", "order", "pipeline", "activity", "blotter", "dead-letters"];
                return { what: node.id || node.textContent.slice(0, 20) || node.className, seen: style.outlineStyle !== "none" && box.width > 1,
                    panel: order.indexOf(node.closest(".panel")?.id) };
            }""")
            if stop is None or stop in stops:
                break
            stops.append(stop)
        assert len(stops) > 15, stops
        assert not (unseen := [stop["what"] for stop in stops if not stop["seen"]]), f"no outline: {unseen}"
        panels = [stop["panel"] for stop in stops]
        assert panels == sorted(panels), stops


def the_chosen_scheme_stays_and_paints_first(engine, chromium):
    with opened(chromium, engine) as page:
        page.locator("#scheme").select_option("dark")
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 14, 19)"
        expect(page.locator("#scheme")).to_have_value("dark")


def the_page_is_served_with_a_policy_and_the_api_as_before(engine, _chromium):
    def head(path):
        with urllib.request.urlopen(engine.base + path, timeout=10) as answer:
            return answer.headers

    kinds = {"/": "text/html", "/console/main.js": "text/javascript", "/console/styles/base.css": "text/css", "/console/icon.svg": "image/svg+xml"}
    for path, kind in kinds.items():
        headers = head(path)
        assert headers["Content-Type"] == f"{kind}; charset=utf-8", (path, headers["Content-Type"])
        assert headers["Content-Security-Policy"].startswith("default-src 'self';"), path
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-cache"), path
    assert head("/api/tokens")["Content-Security-Policy"] is None
    for path in ("/console/none.js", "/console/", "/console/styles/", "/console/..%2fREADME.md"):
        try:
            head(path)
            raise AssertionError(f"{path} was found")
        except urllib.error.HTTPError as problem:
            assert problem.code == 404, (path, problem.code)
            assert problem.headers["Content-Type"] == "application/problem+json", path


TESTS = [
    nobody_is_kept_out_in_any_scheme_or_size, alarms_and_errors_are_as_readable_as_the_rest, the_focus_is_seen_and_goes_down_the_page,
    the_chosen_scheme_stays_and_paints_first, the_page_is_served_with_a_policy_and_the_api_as_before]
