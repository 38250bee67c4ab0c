"""`scripts/bench`: measures part after part, prints tables and keeps every figure."""

import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable

from harness.http_client import Json
from harness.runner.settings import ROOT, Problem

from . import accept, changes, cluster, end_to_end, fan_out, growth, latency, report, waits
from .machine import about
from .options import Options, read

MEASURES: dict[str, Callable[[Options, Callable[[str], None]], list[Json]]] = {
    "accept": accept.measure, "end-to-end": end_to_end.measure, "latency": latency.measure, "sockets": fan_out.measure, "growth": growth.measure,
    "cluster": cluster.measure, "changes": changes.measure, "waits": waits.measure}


def main(arguments: list[str]) -> int:
    options = read(arguments)
    os.environ.setdefault("STACK_BIN", str(ROOT / ".build-release/release"))
    # Whoever ends this program ends what it has started, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The processes inherit it: each socket is a file.
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=sys.stderr, flush=True)

    try:
        results = about(options) | {"parts": {}, "failures": {}}
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    for name in options.parts:
        say(name)
        _measure(name, options, say, results)
        results["seconds"] = round(time.monotonic() - began)
        options.output.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(report.markdown(results))
    say(f"all figures are in {options.output}")
    return 1 if results["failures"] else 0


def _measure(name: str, options: Options, say: Callable[[str], None], results: Json) -> None:
    try:
        results["parts"][name] = MEASURES[name](options, say)
    except Exception as problem:  # noqa: BLE001 the other parts may tell more
        traceback.print_exc()
        say(f"FAILED  {name}: {type(problem).__name__}: {problem}")
        results["failures"][name] = f"{type(problem).__name__}: {problem}"
