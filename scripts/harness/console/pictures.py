"""Makes the pictures of the README: a busy engine in light and dark, its alarm, and the page on a phone."""

import random
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from harness.private import PrivateStack

from .browser import opened

PAIRS = (("SOL", "USDC", "12.5"), ("USDC", "SOL", "1800"), ("BONK", "SOL", "25000000"), ("SOL", "RAY", "4.25"), ("JUP", "USDC", "1200"))


BUSY = {"MOCK_FAILURE_RATE": "0.15", "MOCK_SWAP_LATENCY_MS": "800-1600", "ROUTERS": "2", "EXECUTORS": "3"}


def take(engine: PrivateStack, chromium: Browser, target: Path) -> None:
    chance = random.Random(5)
    target.mkdir(parents=True, exist_ok=True)
    with opened(chromium, engine, (1280, 1680), expected=("503", "WebSocket")) as page:
        for _ in range(24):
            for token_in, token_out, amount in chance.choices(PAIRS, k=chance.randint(2, 9)):
                engine.place(tokenIn=token_in, tokenOut=token_out, amount=amount)
            page.wait_for_timeout(chance.randint(800, 2200))
        engine.place(amount="12.5", orderType="limit", limitPrice="180")
        engine.place(amount="40", orderType="trailingStop", trailingBps=500)
        page.locator("#amount").fill("25")
        page.locator("#place").click()
        _final(page)
        page.screenshot(path=target / "console-light.png", full_page=False)
        page.emulate_media(color_scheme="dark")
        engine.stop("router-1")
        engine.stop("router-2")
        engine.place(48)
        page.locator("#amount").fill("40")
        page.locator("#place").click()
        expect(page.locator("#alarms")).to_contain_text("49 orders waiting")
        page.wait_for_timeout(6000)
        page.screenshot(path=target / "console-dark.png", full_page=False)
        engine.start("router-1")
        engine.start("router-2")
        _final(page)
        address = page.evaluate("location.hash")
    with opened(chromium, engine, (360, 1320), path=f"/{address}") as page:
        _final(page)
        page.evaluate("scrollTo(0, 0)")  # an order's address scrolls to the order
        page.wait_for_timeout(1000)
        page.screenshot(path=target / "console-phone.png", full_page=False)


def _final(page: Page) -> None:
    expect(page.locator("#order-link")).to_have_text("Final", timeout=30_000)
    page.wait_for_timeout(2500)
