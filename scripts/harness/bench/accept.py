"""Accepting alone: with the workers stopped, and under full load. Beside it what nginx and Redis can do at most."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.http_client import Json, answers
from harness.private import scratch, until
from harness.runner.ports import free
from harness.runner.processes import end, spawn
from harness.runner.servers import program, quoted

from . import wrk
from .engine import Engine, engine
from .http_load import Address
from .load import run
from .options import Options
from .subject import cpu_record, spent

WORKERS = ("router", "executor", "notifier")
# As long as the answer to an order.
ANSWER = '{"success":true,"status":"pending","message":"%s"}' % ("x" * 290)


def measure(options: Options, say: Callable[[str], None]) -> list[Json]:
    """One record for nginx and three for each appendfsync."""
    seconds = options.scale.accept
    with static_nginx() as address:
        records = [{"what": "nginx, static reply"} | _posted(run(wrk.post(address, seconds), seconds + 30))]
    for sync in options.syncs:
        for keyed in options.keyed:
            with engine(sync, options.replicas[0], options.edge, {"SHUTDOWN_GRACE_S": "2"}, keyed) as subject:
                records += [{"appendfsync": sync, "keyed": keyed} | record for record in run(_accept(subject, seconds), 3 * seconds + 90)]
    for record in records:
        record["ofNginx"] = round(record["perSecond"] / records[0]["perSecond"], 3)
        say(f"{record['what']}, {record.get('appendfsync', '-')}: {record['perSecond']}/s")
    return records


@contextmanager
def static_nginx() -> Iterator[Address]:
    """One process of nginx that answers every order alike, without reading it."""
    with scratch() as folder:
        port = free(1)[0]
        paths = "".join(f'{name}_temp_path "{quoted(folder)}/{name}"; ' for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = folder / "nginx.conf"
        config.write_text(f"""\
daemon off;
pid "{quoted(folder)}/pid";
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    {paths}
    access_log off;
    keepalive_requests 1000000000;
    default_type application/json;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 202 '{ANSWER}'; }}
        location = /health {{ return 200; }}
    }}
}}
""", encoding="utf-8")
        log = folder / "log"
        child = spawn([program("nginx"), "-e", str(log), "-p", str(folder), "-c", str(config)], log)
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/health"), "nginx did not answer")
            yield "127.0.0.1", port
        finally:
            end([child.pid], signal.SIGTERM, 5)
            child.wait()


async def _accept(subject: Engine, seconds: int) -> list[Json]:
    workers = [pid for kind in WORKERS for pid in subject.processes[kind]]
    async with subject:
        await _posts(subject, subject.posts[0], 1)
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            alone = await _posts(subject, subject.posts[0], seconds)
            edge = await _posts(subject, subject.edge, seconds)
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
        loaded = await _posts(subject, subject.posts[0], seconds)
        loaded.pop("scriptMicroseconds")  # the workers' scripts are in it
    names = ("workers stopped", "workers stopped, through the edge", "workers at work")
    ending = ", with keys" if subject.headers else ""
    return [{"what": what + ending} | record for what, record in zip(names, (alone, edge, loaded), strict=True)]


async def _posts(subject: Engine, address: Address, seconds: int) -> Json:
    used, script = subject.cpu(), await _scripts(subject)
    posted = await wrk.post(address, seconds, subject.headers)
    cpu = spent(used, subject.cpu(), posted.requests) | {"load": posted.cpu.each(posted.requests)}
    return _posted(posted) | {"cpu": cpu_record(cpu), "scriptMicroseconds": round((await _scripts(subject) - script) / posted.requests, 1)}


def _posted(posted: wrk.Posted) -> Json:
    return {
        "perSecond": round(posted.rate), "p50": posted.p50, "p99": posted.p99,
        "cpu": cpu_record({"load": posted.cpu.each(posted.requests)})}


async def _scripts(subject: Engine) -> int:
    """Microseconds that Redis has spent in scripts. With the workers stopped these are the gateway's alone."""
    stats = await subject.info("commandstats")
    names = ("cmdstat_evalsha", "cmdstat_eval", "cmdstat_fcall")
    return sum(int(stats[name].partition("usec=")[2].partition(",")[0]) for name in names if name in stats)
