"""The commands of scripts/stack."""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress

from . import outside
from .agreement import require_same
from .directory import RunDirectory
from .processes import alive, end, words
from .servers import Nginx, Postgres, Prometheus, Redis
from .settings import SERVICES, URLS, Problem, Settings
from .stack import SERVER_GRACE, Interrupted, Service, Stack, Startable

USAGE = """\
usage: scripts/stack run | up | down | status | start <process>-<n> | clean

  run      starts everything, stays until Ctrl-C, then stops everything
  up       starts everything in the background, or what has ended of a running stack, and returns when all is healthy
  down     stops what `up` or `run` started
  status   one line for each process
  start    starts one process of a running stack again, after it ended or was killed: a service (executor-1) or a server (redis-1,
           postgres-1, nginx-1, prometheus-1), on its old port, a server with its old configuration and data
  clean    stops everything and removes the run directory with all data

REDIS_URL and DATABASE_URL name a Redis and a Postgres that you have already: the stack uses them and never starts, stops or empties them. Without
them it starts its own. REDIS_APPENDFSYNC and REDIS_MAXMEMORY are for its own Redis and have no effect on yours.

Environment: PORT (3000), RUN_DIR (.run), STACK_BIN (.build-release/release), GATEWAYS, ROUTERS, EXECUTORS, NOTIFIERS (1 each),
EDGE_BIND (127.0.0.1, where the edge listens) and the edge's other settings (docs/operations.md), START_TIMEOUT_S (60),
REDIS_APPENDFSYNC (always), REDIS_MAXMEMORY (half of the machine's memory; 0 is no limit), OBSERVABILITY (1 runs Prometheus too, on
PROMETHEUS_PORT or a free port), and every setting of the services (each prints its own with --help)."""

EXAMPLE = """\
The engine is up: {url}   (logs: {logs}, addresses and ports: {env})

Place an order, and see where orders wait, in a browser: {url}/
Or by hand:
  curl -s {url}/api/orders/execute -H 'Content-Type: application/json'{key} \\
    -d '{{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"slippage":0.01}}'
Follow it, with the orderId of the answer:
  npx wscat{key} -c '{ws}/v1/stream?orderId=<orderId>&after=0'
Or see both at once:  make demo
"""
# Double quotes, so that a shell puts the key in.
KEY_HEADER = ' -H "Authorization: Bearer $ORDERCTL_KEY"'


def say(text: str) -> None:
    with suppress(OSError):  # the reader has gone (`| head`, a closed terminal); the work goes on
        print(text, flush=True)


def stack_of(settings: Settings, run: RunDirectory) -> Stack:
    """The stack, which hears the caller's signals from now on."""
    stack = Stack(settings, run, say)

    def asked(_number: int, _frame: object) -> None:
        stack.interrupts += 1

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, asked)
    return stack


def example(settings: Settings, run: RunDirectory) -> str:
    url = settings.edge_url
    keyed = "API_KEYS_FILE" in run.variables()
    text = EXAMPLE.format(url=url, ws=url.replace("http", "ws", 1), logs=run.logs, env=run.env, key=KEY_HEADER if keyed else "")
    if keyed:
        text = f"Each request needs an API key; these lines take it from ORDERCTL_KEY, as orderctl does:  export ORDERCTL_KEY=oek_...\n{text}"
    if settings.observability:
        text += f"Metrics and alerts (Prometheus):  http://localhost:{run.variables()['PROMETHEUS_PORT']}/alerts\n"
    return text


def where(run: RunDirectory) -> str:
    return f"{run.path}, at http://localhost:{run.variables().get('PORT')}"


def ended(run: RunDirectory) -> list[str] | None:
    """The processes that have ended while others of their stack run. None if nothing runs."""
    names = run.names()
    gone = [name for name in names if not run.running(name)]
    return None if len(gone) == len(names) else gone


def up(settings: Settings, run: RunDirectory) -> int:
    with run.locked():
        gone = ended(run)
        stack = stack_of(settings, run)
        if gone is not None:
            return revive(settings, run, stack, gone)
        stack.start()
    say(example(settings, run) + "Stop it:  make down")
    return 0


def revive(settings: Settings, run: RunDirectory, stack: Stack, names: list[str]) -> int:
    """Starts the processes that have ended in a running stack, each where it was."""
    require_same(settings, run)
    for name in names:
        restart(settings, run, stack, name)
    say(f"Already running in {where(run)}; " + (f"started again: {', '.join(names)}." if names else "`make down` stops it."))
    return 0


def run_foreground(settings: Settings, run: RunDirectory) -> int:
    with run.locked():
        if (gone := ended(run)) is not None:
            hint = f" without {', '.join(gone)}, which `make up` starts again" if gone else ""
            raise Problem(f"Already running in {where(run)}{hint}; `make down` stops it.")
        stack = stack_of(settings, run)
        run.write(run.foreground, f"{os.getpid()}\n")
        try:
            stack.start()
        except Interrupted:
            say("stopped")
            return 0
    say(example(settings, run) + "Stop it:  Ctrl-C")
    code = 0
    try:
        stack.watch()
    except Problem as problem:
        say(f"\n{problem}")
        code = 1
    say("\nstopping; once more stops at once")
    with run.locked():
        clean = stack.stop()
    say("stopped")
    return code if clean else 1


def foreground(run: RunDirectory) -> int | None:
    """The pid of a `run` in this directory, if there is one."""
    try:
        pid = int(run.foreground.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return pid if alive(pid) and "run" in words(pid, "cmdline") and pid != os.getpid() else None


def down(settings: Settings, run: RunDirectory) -> int:
    if not run.path.is_dir():
        say("nothing is running")
        return 0
    if (pid := foreground(run)) is not None:
        os.kill(pid, signal.SIGTERM)
        while alive(pid):
            time.sleep(0.1)
        say("stopped")
        return 0
    with run.locked():
        stack = stack_of(settings, run)
        found = any(run.pid(name) is not None for name in run.names())
        clean = stack.stop()
    say("stopped" if found else "nothing is running")
    return 0 if clean else 1


def status(_settings: Settings, run: RunDirectory) -> int:
    variables = run.variables()
    names = run.names()
    for server in outside.remembered(variables).values() if names else ():
        say(f"{server.kind:<12} outside, at {server.place}")
    for name in names:
        port = variables.get(name.upper().replace("-", "_") + "_PORT", variables.get(name.split("-")[0].upper() + "_PORT", "-"))
        pid = run.pid(name)
        state = f"pid {pid}" if run.running(name) else "ended"
        say(f"{name:<12} port {variables.get('PORT') if name.startswith('nginx') else port:<6} {state}")
    if not names:
        say("nothing is running")
    return 0 if names and all(run.running(name) for name in names) else 1


def start(settings: Settings, run: RunDirectory, name: str) -> int:
    """Starts one process again where it was: a service with the settings of this environment, a server with its old configuration."""
    if not any(run.running(other) for other in run.names()):
        raise Problem(f"Nothing runs in {run.path}; `make up` starts everything.")
    require_same(settings, run)
    with run.locked():
        return restart(settings, run, stack_of(settings, run), name)


def restart(settings: Settings, run: RunDirectory, stack: Stack, name: str) -> int:
    if (server := outside.remembered(run.variables()).get(name.removesuffix("-1"))) is not None:
        raise Problem(f"The engine in {run.path} uses the {server.title} at {server.place}, which is not its own: start it where it runs.")
    process = again(settings, run, name)
    if process is None:
        raise Problem(f"There is no {name} in {run.path}; the processes are: {', '.join(run.names())}.")
    if run.running(name):
        raise Problem(f"{name} is running.")
    if (left := run.pid(name)) is not None:
        # What a killed server has left behind, such as nginx' workers, still listens.
        end([left], process.stop_signal, SERVER_GRACE)
    if isinstance(process, Postgres):
        process.prepare()
    if isinstance(process, Service):
        stack.ask_outside()
    return stack.start_one(process)


def again(settings: Settings, run: RunDirectory, name: str) -> Startable | None:
    """The process of that name as the stack was started with it. None if the stack has no such process."""
    variables = run.variables()
    kind, _, number = name.rpartition("-")
    if kind in SERVICES:
        port = variables.get(f"{kind.upper()}_{number}_PORT")
        admin = variables.get(f"{kind.upper()}_{number}_ADMIN_PORT", 0)
        return Service(run, settings, kind, number, int(port), int(admin)) if port else None
    servers = {
        "redis-1": ("REDIS_PORT", lambda port: Redis(run, port)),
        "postgres-1": ("POSTGRES_PORT", lambda port: Postgres(run, port)),
        "nginx-1": ("PORT", lambda port: Nginx(run, port, settings.bind, {})),
        "prometheus-1": ("PROMETHEUS_PORT", lambda port: Prometheus(run, port, {})),
    }
    variable, make = servers.get(name, (None, None))
    return make(int(variables[variable])) if variable in variables else None


def clean(settings: Settings, run: RunDirectory) -> int:
    code = down(settings, run)
    if run.path.is_dir():
        Postgres(run, 0).discard()
        shutil.rmtree(run.path)
    return code


def main(arguments: list[str]) -> int:
    commands = {"run": run_foreground, "up": up, "down": down, "status": status, "start": start, "clean": clean}
    if not arguments or arguments[0] not in commands or len(arguments) != (2 if arguments[0] == "start" else 1):
        print(USAGE, end="", file=sys.stderr)
        return 0 if arguments in (["help"], ["--help"], ["-h"]) else 64
    try:
        settings = Settings.read()
        for name in URLS:  # `settings` has them; of the processes to start, only the services get them
            os.environ.pop(name, None)
        return commands[arguments[0]](settings, RunDirectory(settings.run_dir), *arguments[1:])
    except Interrupted:
        return 130
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
