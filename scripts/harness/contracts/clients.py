"""Clients as users have them: those of docs/clients, and those that generators make from openapi.yaml."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from jsonschema import Draft202012Validator
from playwright.sync_api import expect

from harness.console.browser import browser
from harness.http_client import Json, fetched
from harness.orders import FINAL, ORDER, place
from harness.runner.settings import ROOT

from .documents import Documents, checked

CLIENTS = ROOT / "docs/clients"
ENDED = re.compile("^Order (completed!|failed:) .+")
# The dialect that each line of wscat connects to, and the first message it gets.
WSCAT = (
    ("backfill", {"type": "backfill"}), ("progress", {"type": "connection"}), ("updates", {"type": "status_update", "status": "pending"}),
    ("native", {"op": "event"}), ("snakeCase", {"status": "pending"}))


def run(base: str, documents: Documents) -> str:
    """Raises if one of the clients does not follow an order to its end."""
    return f"{_curl(base)}; {_wscat(base, documents)}; {_python(base)}; {_browser(base)}"


def _lines(heading: str, base: str) -> str:
    """The commands that the README lists below a heading."""
    section = (CLIENTS / "README.md").read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    assert lines, f"docs/clients/README.md has no lines for {heading}"
    return lines.replace("//localhost:3000", base.removeprefix("http:"))


def _curl(base: str) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", _lines("curl", base)], text=True, capture_output=True, timeout=60, check=True)
    seqs = re.findall(r"^id: (\d+)$", done.stdout, re.MULTILINE)
    last = max(map(int, seqs))
    assert seqs == [str(seq) for seq in (*range(1, last + 1), *range(4, last + 1))], f"curl saw {seqs}"
    assert '"success":true' in done.stdout.splitlines()[-1] or '"success":true' in done.stdout
    return f"curl: {len(seqs)} events"


def _wscat(base: str, documents: Documents) -> str:
    if not shutil.which("wscat"):
        return "wscat: skipped, there is none; Debian's package node-ws has it"
    lines = _lines("wscat", base).splitlines()
    assert len(lines) == len(WSCAT), lines
    # A node that is not Debian's does not look where Debian puts the modules.
    environment = os.environ | {"NODE_PATH": "/usr/share/nodejs", "ORDER": place(base, ORDER)}
    with contextlib.ExitStack() as running:
        # wscat ends as soon as its standard input ends.
        started = [
            running.enter_context(subprocess.Popen(
                ["bash", "-c", f"exec {line}"], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE))
            for line in lines]
        told = [
            _told(line, process, documents.sent_on(channel), first) for line, process, (channel, first) in zip(lines, started, WSCAT, strict=True)]
    return f"wscat: {sum(map(len, told))} messages"


def _told(line: str, process: subprocess.Popen[str], validator: Draft202012Validator, first: Json) -> list[Json]:
    """The messages that wscat has printed when the server closes. Each must be as asyncapi.yaml describes it."""
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


def _python(base: str) -> str:
    done = subprocess.run([sys.executable, CLIENTS / "follow.py", base], text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and ENDED.match(done.stdout.splitlines()[-1]), f"follow.py: {done.stdout}{done.stderr}"
    return f"Python: {done.stdout.splitlines()[-1]}"


def _browser(base: str) -> str:
    outcomes = []
    with browser() as chromium:
        for way in ("socket", "events"):
            page = chromium.new_page()
            page.goto(f"{(CLIENTS / 'browser.html').as_uri()}?engine={base}&by={way}")
            page.click("#place")
            expect(page.locator("#outcome")).to_have_text(ENDED, timeout=30_000)
            # A browser reconnects after a stream has ended. Nothing may come twice then.
            page.wait_for_timeout(3500 if way == "events" else 0)
            lines = page.locator("#log li").count()
            assert 2 <= lines <= 40, f"the page shows {lines} lines"
            texts = page.locator("#log li").all_inner_texts()
            assert way == "socket" or texts.count("Order created and queued") == 1, texts
            outcomes.append(f"browser by {way}: {lines} lines")
    return "; ".join(outcomes)


SCHEMA = ROOT / "docs/openapi.yaml"
PROGRAMS = Path(sys.executable).parent

# Uses the package that openapi-python-client made, in a process of its own.
CLIENT = '''
import sys, time, uuid
from engine_client import Client
from engine_client.api.market import pools, quotes, tokens
from engine_client.api.operations import access, dead_letters, doctor, door, health, partitions, reconcile, streams
from engine_client.api.orders import cancel_order, execute_order, list_orders, order_events, show_order
from engine_client.models import (
    Accepted, AcceptedSnakeCase, OrderRequest, OrderRequest002, OrderRequest003, OrderRequest004, OrderAnswer, Problem, QuoteComparison)

engine = Client(base_url=sys.argv[1], timeout=20, raise_on_unexpected_status=True)
key = str(uuid.uuid4())
order = OrderRequest(token_in="SOL", token_out="USDC", amount="1.5", slippage_bps=500, user_id=key)
accepted = execute_order.sync(client=engine, body=order, idempotency_key=key)
assert isinstance(accepted, Accepted) and accepted.success, accepted
again = execute_order.sync(client=engine, body=order, idempotency_key=key)
assert again.order_id == accepted.order_id, again
for body, kind in (
        (OrderRequest(token_in="SOL", token_out="USDC", amount=0.1), Accepted),
        (OrderRequest002(input_token="SOL", output_token="USDC", amount=10, user_id=key), Accepted),
        (OrderRequest003(token_in="SOL", token_out="USDC", amount_in=10, slippage=0.05), Accepted),
        (OrderRequest004(token_in="SOL", token_out="USDC", amount=12.5, max_slippage=0.05), AcceptedSnakeCase)):
    answer = execute_order.sync(client=engine, body=body)
    assert isinstance(answer, kind), (body, answer)
refused = execute_order.sync(client=engine, body=OrderRequest(token_in="SOL", token_out="NONE", amount="1"))
assert isinstance(refused, Problem) and refused.errors[0].field == "tokenOut", refused
deadline = time.monotonic() + 30
while True:
    shown = show_order.sync(accepted.order_id, client=engine)
    assert isinstance(shown, OrderAnswer), shown
    if shown.status in ("confirmed", "failed"):
        break
    assert time.monotonic() < deadline, shown
    time.sleep(0.1)
events = order_events.sync(accepted.order_id, client=engine)
assert [event.seq for event in events.events] == list(range(1, len(events.events) + 1)) and events.events[-1].status == shown.status, events
while not any(each.order_id == accepted.order_id for each in list_orders.sync(client=engine, user_id=key).orders):
    assert time.monotonic() < deadline
    time.sleep(0.1)
assert isinstance(cancel_order.sync(accepted.order_id, client=engine), Problem)
compared = quotes.sync(client=engine, token_in="SOL", token_out="USDC", amount="10")
assert isinstance(compared, QuoteComparison) and compared.amount_out, compared
read = [module.sync(client=engine) for module in (tokens, pools, streams, health, dead_letters, doctor, door, partitions, reconcile, access)]
assert all(answer is not None for answer in read), read
print(accepted.order_id)
'''

# The path of each answer, and the model of datamodel-code-generator that the answer has to fit.
ANSWERS = {
    "/api/orders/{order}": "OrderAnswer", "/api/orders/{order}/events": "OrderEvents", "/api/orders?limit=5": "OrderPage",
    "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=10": "QuoteComparison", "/api/tokens": "TokenList", "/api/pools": "PoolList",
    "/api/streams": "Streams", "/api/dead-letters": "DeadLetterPage", "/api/doctor": "DoctorReport", "/api/door": "Door",
    "/api/partitions": "Partitions", "/api/reconcile": "Reconciliation", "/api/access": "Access", "/health": "Health"}


def _call(*command: str | Path, seconds: float = 120) -> str:
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, timeout=seconds, check=False)
    assert done.returncode == 0, f"{Path(str(command[0])).name}: {(done.stdout + done.stderr)[-3000:]}"
    return done.stdout


def generated(base: str) -> str:
    """Checks that clients which common generators make from openapi.yaml place orders in every spelling and read all answers of the engine."""
    with tempfile.TemporaryDirectory(prefix="generated-") as folder:
        said = _call(PROGRAMS / "openapi-python-client", "generate", "--path", SCHEMA, "--meta", "none", "--output-path", f"{folder}/engine_client")
        assert "Unable to process schema" not in said, said[-3000:]
        script = Path(folder, "client.py")
        script.write_text(CLIENT, encoding="utf-8")
        order = _call(sys.executable, script, base).strip()
        _call(
            PROGRAMS / "datamodel-codegen", "--input", SCHEMA, "--input-file-type", "openapi", "--output", f"{folder}/models.py",
            "--output-model-type", "pydantic_v2.BaseModel")
        answers = {model: fetched(base + path.format(order=order)).json() for path, model in ANSWERS.items()}
        Path(folder, "answers.json").write_text(json.dumps(answers), encoding="utf-8")
        check = "import json, models; [getattr(models, n).model_validate(a) for n, a in json.load(open('answers.json')).items()]"
        done = subprocess.run([sys.executable, "-c", check], cwd=folder, text=True, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return f"two clients, {len(ANSWERS)} answers"
