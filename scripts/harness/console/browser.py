"""A headless Chromium, pages that notice errors in them, and the findings of an accessibility checker."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from harness.private import PrivateStack

DESKTOP, PHONE = (1440, 1000), (360, 740)
SECONDS = 1000  # Playwright's times are in ms
Look = tuple[tuple[int, int], str]  # a size and a scheme
LOOKS: tuple[Look, ...] = ((DESKTOP, "light"), (PHONE, "dark"))
EVIL = "evil.example"  # a name that leads to this machine
REFUSED = ("503", "net::ERR_", "WebSocket connection")  # what a page logs while a server is away

expect.set_options(timeout=20 * SECONDS)  # a busy machine is slow, and a right page is there at once


def _executable() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit("There is no Chromium; `scripts/install --browser` installs one.")


@contextmanager
def browser() -> Iterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    usual = ["--disable-dev-shm-usage", "--no-proxy-server", f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_executable(), args=sandbox + usual)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def opened(
    chromium: Browser, engine: PrivateStack, size: tuple[int, int] = DESKTOP, scheme: str = "light", path: str = "/", ready: bool = True,
    expected: tuple[str, ...] = ()
) -> Iterator[Page]:
    """The console in a page of its own. An error that it logs fails the test, unless the text contains one of `expected`."""
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce")
    wrong = []
    page.on("pageerror", lambda problem: wrong.append(str(problem)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: None if _local(request.url, engine) else wrong.append(f"asked {request.url}"))
    try:
        page.goto(engine.base + path)
        if ready:
            expect(page.locator("#place")).to_be_enabled()
            expect(page.locator("#stages")).not_to_have_attribute("aria-busy", "true")
            expect(page.locator("#blotter-body")).not_to_have_attribute("aria-busy", "true")
        yield page
        wrong = [text for text in wrong if not any(part in text for part in expected)]
        assert not wrong, f"the page complained: {wrong}"
    finally:
        page.close()


def _local(url: str, engine: PrivateStack) -> bool:
    return url.startswith((engine.base, engine.base.replace("http", "ws"), "data:", "blob:"))


def look(page: Page, size: tuple[int, int], scheme: str) -> None:
    """Shows the page in a size and a scheme."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def readable(page: Page, looks: Iterable[Look] = LOOKS) -> None:
    """Raises if the page is not accessible, or does not fit, in one of the looks."""
    for size, scheme in looks:
        look(page, size, scheme)
        assert not (found := overflowing(page) + barriers(page)), f"{size} {scheme}: {found}"


def barriers(page: Page) -> list[str]:
    """The findings of axe-core against WCAG 2.2 A and AA (contrast, names, labels, structure), as readable lines."""
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['html'][:140]} {node.get('failureSummary', '')[:200]}" for rule in found for node in rule["nodes"]]


def overflowing(page: Page) -> list[str]:
    """Elements that reach beyond the width of the page or of their panel, and texts that reach beyond their own place."""
    return page.evaluate("""() => {
        const found = document.documentElement.scrollWidth > innerWidth ? [`page is ${document.documentElement.scrollWidth} wide`] : [];
        for (const panel of document.querySelectorAll(".panel, .bar")) {
            const edge = panel.getBoundingClientRect().right;
            for (const node of panel.querySelectorAll("*")) {
                const box = node.getBoundingClientRect();
                if (box.width > 2 && box.right > edge + 0.5 && !node.closest(".visually-hidden, .skip"))
                    found.push(`${panel.id}: ${node.tagName} ${node.className.baseVal ?? node.className} ${node.textContent.slice(0, 30)}`);
                const spills = node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX === "visible";
                if (spills && node.matches("h2, h3, p, dt, dd, th, td, button"))
                    found.push(`${panel.id}: ${node.tagName} is too narrow for ${node.textContent.slice(0, 30)}`);
            }
        }
        return found;
    }""")
