"""Clients that common generators make of openapi.yaml: they place orders in every spelling, and read back all that the engine answers."""

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

SCHEMA = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
PROGRAMS = Path(sys.executable).parent

# Uses the package of openapi-python-client, in a process of its own.
CLIENT = '''
import sys, time, uuid
from engine_client import Client
from engine_client.api.market import pools, quotes, tokens
from engine_client.api.operations import dead_letters, doctor, door, health, reconcile, streams
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
read = [module.sync(client=engine) for module in (tokens, pools, streams, health, dead_letters, doctor, door, reconcile)]
assert all(answer is not None for answer in read), read
print(accepted.order_id)
'''

# Where each answer is, and the model of datamodel-code-generator that it has to fit.
ANSWERS = {
    "/api/orders/{order}": "OrderAnswer", "/api/orders/{order}/events": "OrderEvents", "/api/orders?limit=5": "OrderPage",
    "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=10": "QuoteComparison", "/api/tokens": "TokenList", "/api/pools": "PoolList",
    "/api/streams": "Streams", "/api/dead-letters": "DeadLetterPage", "/api/doctor": "DoctorReport", "/api/door": "Door",
    "/api/reconcile": "Reconciliation", "/health": "Health"}


def _call(*command, seconds=120):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, timeout=seconds, check=False)
    assert done.returncode == 0, f"{Path(str(command[0])).name}: {(done.stdout + done.stderr)[-3000:]}"
    return done.stdout


def run(base):
    with tempfile.TemporaryDirectory(prefix="generated-") as folder:
        said = _call(
            PROGRAMS / "openapi-python-client", "generate", "--path", SCHEMA, "--meta", "none", "--output-path", f"{folder}/engine_client")
        assert "Unable to process schema" not in said, said[-3000:]
        script = Path(folder, "client.py")
        script.write_text(CLIENT, encoding="utf-8")
        order = _call(sys.executable, script, base).strip()
        _call(
            PROGRAMS / "datamodel-codegen", "--input", SCHEMA, "--input-file-type", "openapi", "--output", f"{folder}/models.py",
            "--output-model-type", "pydantic_v2.BaseModel")
        answers = {}
        for path, model in ANSWERS.items():
            with urllib.request.urlopen(base + path.format(order=order), timeout=20) as answer:
                answers[model] = json.load(answer)
        Path(folder, "answers.json").write_text(json.dumps(answers), encoding="utf-8")
        check = "import json, models; [getattr(models, n).model_validate(a) for n, a in json.load(open('answers.json')).items()]"
        done = subprocess.run([sys.executable, "-c", check], cwd=folder, text=True, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return f"two clients, {len(ANSWERS)} answers"
