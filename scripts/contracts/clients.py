"""docs/clients, run as a user would run them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

CLIENTS = Path(__file__).resolve().parents[2] / "docs/clients"
ENDED = re.compile("^Order (completed!|failed:) .+")


def run(base):
    """Raises where one of them does not follow an order to its end."""
    return f"{_curl(base)}; {_python(base)}; {_browser(base)}"


def _curl(base):
    text = (CLIENTS / "README.md").read_text()
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("http://localhost:3000", base)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], text=True, capture_output=True, timeout=60, check=True)
    seqs = re.findall(r"^id: (\d+)$", done.stdout, re.MULTILINE)
    last = max(map(int, seqs))
    assert seqs == [str(seq) for seq in (*range(1, last + 1), *range(4, last + 1))], f"curl saw {seqs}"
    assert '"success":true' in done.stdout.splitlines()[-1] or '"success":true' in done.stdout
    return f"curl: {len(seqs)} events"


def _python(base):
    done = subprocess.run([sys.executable, CLIENTS / "follow.py", base], text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and ENDED.match(done.stdout.splitlines()[-1]), f"follow.py: {done.stdout}{done.stderr}"
    return f"Python: {done.stdout.splitlines()[-1]}"


def _browser(base):
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    assert executable, "there is no chromium; scripts/install installs it"
    outcomes = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--no-proxy-server"])
        try:
            for way in ("socket", "events"):
                page = browser.new_page()
                page.goto(f"{(CLIENTS / 'browser.html').as_uri()}?engine={base}&by={way}")
                page.click("#place")
                expect(page.locator("#outcome")).to_have_text(ENDED, timeout=30_000)
                # a browser asks again after a stream has ended; nothing may come twice then
                page.wait_for_timeout(3500 if way == "events" else 0)
                lines = page.locator("#log li").count()
                assert 2 <= lines <= 40, f"the page shows {lines} lines"
                texts = page.locator("#log li").all_inner_texts()
                assert way == "socket" or texts.count("Order created and queued") == 1, texts
                outcomes.append(f"browser by {way}: {lines} lines")
        finally:
            browser.close()
    return "; ".join(outcomes)
