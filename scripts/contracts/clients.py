"""docs/clients, run as a user would run them."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from client.orders import FINAL, place

from .documents import checked

CLIENTS = Path(__file__).resolve().parents[2] / "docs/clients"
ENDED = re.compile("^Order (completed!|failed:) .+")
ORDER = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5, "slippage": 0.05}
# whom each line of wscat speaks to, and what it is told first
WSCAT = (
    ("backfill", {"type": "backfill"}), ("progress", {"type": "connection"}), ("updates", {"type": "status_update", "status": "pending"}),
    ("native", {"op": "event"}), ("snakeCase", {"status": "pending"}))


def run(base, documents):
    """Raises where one of them does not follow an order to its end."""
    return f"{_curl(base)}; {_wscat(base, documents)}; {_python(base)}; {_browser(base)}"


def _lines(heading, base):
    """What the README has a user type below a heading."""
    section = (CLIENTS / "README.md").read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    assert lines, f"docs/clients/README.md has no lines for {heading}"
    return lines.replace("//localhost:3000", base.removeprefix("http:"))


def _curl(base):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", _lines("curl", base)], text=True, capture_output=True, timeout=60, check=True)
    seqs = re.findall(r"^id: (\d+)$", done.stdout, re.MULTILINE)
    last = max(map(int, seqs))
    assert seqs == [str(seq) for seq in (*range(1, last + 1), *range(4, last + 1))], f"curl saw {seqs}"
    assert '"success":true' in done.stdout.splitlines()[-1] or '"success":true' in done.stdout
    return f"curl: {len(seqs)} events"


def _wscat(base, documents):
    if not shutil.which("wscat"):
        return "wscat: skipped, there is none; Debian's package node-ws has it"
    lines = _lines("wscat", base).splitlines()
    assert len(lines) == len(WSCAT), lines
    # Another node than Debian's does not look where Debian puts the modules.
    environment = os.environ | {"NODE_PATH": "/usr/share/nodejs", "ORDER": place(base, ORDER)}
    with contextlib.ExitStack() as running:
        # wscat leaves as soon as its standard input ends
        started = [
            running.enter_context(subprocess.Popen(
                ["bash", "-c", f"exec {line}"], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE))
            for line in lines]
        told = [
            _told(line, process, documents.sent_on(channel), first) for line, process, (channel, first) in zip(lines, started, WSCAT)]
    return f"wscat: {sum(map(len, told))} messages"


def _told(line, process, validator, first):
    """What wscat has printed when the server closes: messages as asyncapi.yaml has them, to the last."""
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{line} has not ended") from None
    told, problem = process.stdout.read(), process.stderr.read()
    assert process.returncode == 0 and told, f"{line}: {told}{problem}"
    messages = [checked(validator, text, line) for text in told.splitlines()]
    assert first.items() <= messages[0].items(), f"{line} began with {messages[0]}"
    final = messages[-1].get("event", messages[-1])
    assert final.get("status", final.get("type")) in FINAL, f"{line} ended with {final}"
    return messages


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
