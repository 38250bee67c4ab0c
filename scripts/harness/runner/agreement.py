"""What all processes of a stack have to agree on, so that no later command adds one of another kind."""

import os

from . import outside
from .directory import RunDirectory
from .settings import URLS, Problem, Settings


def require_same(settings: Settings, run: RunDirectory) -> None:
    """A process without the API keys of those beside it would let in everybody whom they keep out. With another Redis or Postgres it would know
    other orders."""
    known = run.variables()
    was = {"API_KEYS_FILE": known.get("API_KEYS_FILE")} | {server.variable: server.text for server in outside.remembered(known).values()}
    now = {"API_KEYS_FILE": os.environ.get("API_KEYS_FILE") or None} | settings.outside
    for name in ("API_KEYS_FILE", *URLS):
        if was.get(name) != now.get(name):
            first, second = (_with(name, values.get(name)) for values in (was, now))
            second = second.replace("with ", "with another ", 1) if first == second else second
            advice = "Use the same, or stop it with `make down` first."
            raise Problem(f"The engine in {run.path} was started {first}, and this command is {second}. {advice}")


def _with(name: str, value: str | None) -> str:
    """A setting in a sentence. Of a URL only the place is shown."""
    if value is None:
        return f"without {name}"
    server = next(iter(outside.named({name: value}).values()), None)
    return f"with {name} at {server.place}" if server else f"with {name}={value}"
