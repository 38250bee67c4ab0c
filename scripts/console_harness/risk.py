"""What an order costs is said before it is placed, and what kind of market this is."""

import re

from playwright.sync_api import expect

from .browser import DESKTOP, PHONE, barriers, opened, overflowing

SMALL, NOTABLE, HUGE = "1.5", "2500", "250000"


def impact(page):
    return page.locator(".terms .impact")


def an_order_that_moves_the_price_far_is_asked_about_twice(engine, chromium):
    with opened(chromium, engine) as page:
        posts = []
        page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
        page.locator("#amount").fill(HUGE)
        page.keyboard.press("Enter")  # before any quote is here
        expect(page.locator("#ticket-impact")).to_contain_text(re.compile(r"moves the price by \d\d\.\d%, at your cost.*all the same\?"))
        expect(page.locator("#go-back")).to_be_focused()
        expect(impact(page)).to_have_attribute("data-level", "critical")
        expect(page.locator("#place")).to_have_text(re.compile(r"Sell 250000 SOL for USDC at \d\d\.\d% impact"))
        for size, scheme in ((DESKTOP, "light"), (PHONE, "dark"), (PHONE, "light")):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert not (found := barriers(page) + overflowing(page)), f"{size} {scheme}: {found}"
        page.locator("#go-back").click()
        expect(page.locator("#go-back")).to_be_hidden()
        expect(page.locator("#amount")).to_be_focused()
        assert not posts, posts
        page.locator("#place").click()
        page.locator("#place").click()
        expect(page.locator("#order .order-title")).to_contain_text("250,000 SOL")
        assert len(posts) == 1, posts


def price_impact_fee_and_least_are_in_every_ticket(engine, chromium):
    with opened(chromium, engine) as page:
        page.locator("#amount").fill(SMALL)
        terms = page.locator(".terms")
        expect(terms).to_contain_text(re.compile(r"Price impact[\d.]+%Fee0\.\d+%Received at least[\d.]+ USDC"))
        expect(impact(page)).not_to_have_attribute("data-level", re.compile("."))
        expect(page.locator("#ticket-impact")).to_be_hidden()
        page.locator("#amount").fill(NOTABLE)
        expect(impact(page)).to_have_attribute("data-level", "warning")
        expect(page.locator("#quotes-summary")).to_contain_text("a smaller one moves it less")
        page.locator("#place").click()  # pointed at, not asked about
        expect(page.locator("#order .order-title")).to_contain_text("2,500 SOL")


def a_simulated_market_is_called_so(engine, chromium):
    with opened(chromium, engine) as page:
        expect(page.locator("#market")).to_have_text("Mock market")
        assert engine.get("/health")["venues"] == "mock"
        page.route("**/health", lambda route: route.fulfill(json=route.fetch().json() | {"venues": "live"}))
        expect(page.locator("#market")).to_have_text("Paper trading")
        expect(page.locator("#market")).to_have_attribute("title", re.compile("Transactions are simulated"))


TESTS = [
    price_impact_fee_and_least_are_in_every_ticket, an_order_that_moves_the_price_far_is_asked_about_twice, a_simulated_market_is_called_so]
