"""The figures as Markdown."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from harness.http_client import Json

Cell = str | int | float | None


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A Markdown table. The first column is text, the others are numbers."""
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:,.1f}" if abs(cell) >= 10 else f"{cell:,.2f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def _both(cpu: Json, kind: str) -> float | None:
    return cpu[kind]["user"] + cpu[kind]["system"] if kind in cpu else None


def accept(records: list[Json]) -> str:
    rows = [
        (f"{record['what']}{_of(record)}", record["perSecond"], record["ofNginx"], record["p50"], record["p99"],
         *(_both(record["cpu"], kind) for kind in ("gateway", "redis", "nginx", "load")), record.get("scriptMicroseconds"))
        for record in records]
    heads = ("accept", "orders/s", "of nginx", "p50 ms", "p99 ms", "gateway µs", "Redis µs", "nginx µs", "wrk µs", "script µs")
    return table(heads, rows)


def _of(record: Json) -> str:
    return f", `{record['appendfsync']}`" if "appendfsync" in record else ""


def end_to_end(records: list[Json]) -> str:
    """The medians of all rounds, the peer's ratio, and what an order costs."""
    groups: dict[tuple[str, str, int], list[Json]] = {}
    for record in records:
        groups.setdefault((record["appendfsync"], record["subject"], record["replicas"]), []).append(record)
    return "\n\n".join((_rates(groups), _costs(groups), _bytes(groups)))


Groups = dict[tuple[str, str, int], list[Json]]


def _name(key: tuple[str, str, int]) -> str:
    sync, subject, replicas = key
    return f"{subject}, `{sync}`" + (f", {replicas} of each" if replicas > 1 else "")


def _middle(records: list[Json], value: Callable[[Json], float]) -> float:
    return median(value(record) for record in records)


def _rates(groups: Groups) -> str:
    rows = []
    for (sync, subject, replicas), records in groups.items():
        rate = _middle(records, lambda record: record["ordersPerSecond"])
        rivals = groups.get((sync, "peer", 1)) if subject != "peer" else None
        ratio = rate / _middle(rivals, lambda record: record["ordersPerSecond"]) if rivals else None
        flat = f"{records[-1]['underWay']['first']} → {records[-1]['underWay']['last']}"
        each = ", ".join(f"{record['ordersPerSecond']:.0f}" for record in records)
        rows.append((_name((sync, subject, replicas)), rate, each, ratio, _middle(records, lambda record: record["cores"]), flat))
    return table(("end to end", "orders/s", "each round", "× the peer", "cores busy", "under way"), rows)


def _costs(groups: Groups) -> str:
    kinds = list(dict.fromkeys(kind for records in groups.values() for kind in records[0]["cpu"]))
    kinds = [kind for kind in kinds if kind not in ("total", "load")] + ["total", "load"]

    def cell(records: list[Json], kind: str) -> Cell:
        if kind not in records[0]["cpu"]:
            return None
        user, system = (_middle(records, lambda record, part=part: record["cpu"][kind][part]) for part in ("user", "system"))
        return f"{user + system:,.0f} ({user:,.0f} + {system:,.0f})"

    rows = [(_name(key), *(cell(records, kind) for kind in kinds)) for key, records in groups.items()]
    return table(("µs of CPU an order (user + system)", *kinds), rows)


def _bytes(groups: Groups) -> str:
    names = {"appendOnlyFile": "append-only file", "redisMemory": "Redis memory", "wal": "WAL", "disk": "disk of Postgres"}
    rows = [
        (_name(key), *(round(_middle(records, lambda record, name=name: record["bytes"][name])) for name in names))
        for key, records in groups.items()]
    return table(("bytes an order", *names.values()), rows)


def latency_name(record: Json) -> str:
    sockets = f", {record['sockets']}, a socket for each order" if "sockets" in record else ""
    return f"{record['rate']:g}/s, `{record['appendfsync']}`{sockets}"


def latency(records: list[Json]) -> str:
    rows = []
    for record in records:
        accepted, late = record.get("accepted", {}), record.get("sentLate", {})
        rows.append((
            latency_name(record), record["achieved"], record["confirmed"]["count"],
            *(record["confirmed"][name] for name in ("p50", "p99", "p999", "max")), accepted.get("p50"), accepted.get("p99"), late.get("p99"),
            record["refused"], record["unfinished"]))
    heads = (
        "POST to `confirmed`, ms", "achieved/s", "orders", "p50", "p99", "p99.9", "max", "202 p50", "202 p99", "sent late p99", "refused",
        "unfinished")
    return table(heads, rows)


def sockets(records: list[Json]) -> str:
    rows = [
        (f"{record['sockets']:,}", record["connectsPerSecond"], record["cpuConnect"], record["idleBytes"], record["subscriptionBytes"],
         record["messages"], record["messagesPerSecond"], record["cpuMessage"], record["cpuMessageLoad"])
        for record in records]
    heads = (
        "sockets", "connects/s", "CPU µs a connect", "bytes, idle", "bytes more, subscribed", "messages", "messages/s", "CPU µs a message",
        "client's CPU µs a message")
    return table(heads, rows)


def growth(records: list[Json]) -> str:
    rows = [
        (f"{record['from']:,} to {record['to']:,}", record["keys"], record["ordersPerSecond"], record["cpuTotal"],
         _both(record["cpu"], "redis"), _both(record["cpu"], "postgres"), record["rewrites"])
        for record in records]
    return table(("orders done", "keys in Redis", "orders/s", "CPU µs an order", "of it Redis", "of it Postgres", "rewrites of the file"), rows)


def changes(records: list[Json]) -> str:
    rows = [
        (record["change"], record["accepted"]["count"], record["refused"], *(record["accepted"][name] for name in ("p50", "p99", "max")),
         record["longestWaitMs"]) for record in records]
    return table(("change under load", "accepted", "refused", "202 p50 ms", "p99 ms", "max ms", "longest wait for a worker, ms"), rows)


def waits(records: list[Json]) -> str:
    """Orders that wait for a price, and how soon they are fired."""
    rows = [
        (f"{record['waiting']:,} waiting", record["redisUsPerOrder"], record["tickUs"], record["memoryMB"], record.get("dueSeconds"),
         record.get("longestScriptMs"))
        for record in records if "waiting" in record]
    heads = ("waits", "Redis µs to place one", "Redis µs of a tick", "Redis MB", "10,000 due: s", "longest script ms")
    delay = next(record for record in records if "fired" in record)
    return table(heads, rows) + (
        f"\n\nFrom the mark that reached a price until its order was handed on: median {delay['medianMs']} ms, p99 {delay['p99Ms']} ms, "
        f"most {delay['mostMs']} ms, of {delay['fired']} orders.")


PARTS: dict[str, Callable[[list[Json]], str]] = {
    "accept": accept, "end-to-end": end_to_end, "latency": latency, "sockets": sockets, "growth": growth,
    "cluster": end_to_end, "changes": changes, "waits": waits}


def markdown(results: Json) -> str:
    """All that was measured, as it is pasted into docs/performance.md."""
    machine, versions = results["machine"], results["versions"]
    head = f"{machine['processor']}, {machine['cores']} cores, {machine['memoryGiB']} GiB, Linux {machine['kernel']}; " + ", ".join(
        f"{name} {versions[name]}" for name in ("python", "fastapi", "bullmq", "asyncpg"))
    return "\n\n".join([head, *(PARTS[name](records) for name, records in results["parts"].items())])
