"""A headless Chromium, pages that notice what goes wrong in them, and what an accessibility checker finds."""

import os
import shutil
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

DESKTOP, PHONE = (1440, 1000), (360, 740)
SECONDS = 1000  # Playwright's times are in ms

expect.set_options(timeout=10 * SECONDS)


def executable():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit("There is no Chromium; `scripts/install --browser` installs one.")


@contextmanager
def browser():
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=[*sandbox, "--disable-dev-shm-usage"])
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def opened(chromium, engine, size=DESKTOP, scheme="light", path="/", ready=True, expected=()):
    """The console in a page of its own. What it logs as an error fails the test, but for texts that contain one of `expected`."""
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce")
    wrong = []
    page.on("pageerror", lambda problem: wrong.append(str(problem)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: None if local(request.url, engine) else wrong.append(f"asked {request.url}"))
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


def local(url, engine):
    return url.startswith((engine.base, engine.base.replace("http", "ws"), "data:", "blob:"))


def barriers(page):
    """What axe-core finds against WCAG 2.2 A and AA (contrast, names, labels, structure), as readable lines."""
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['html'][:140]} {node.get('failureSummary', '')[:200]}" for rule in found for node in rule["nodes"]]


def overflowing(page):
    """Elements that reach beyond the page's or their panel's width, and texts that reach beyond their own place."""
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
