"""Whether each key in Redis has an end: its time to live, or a kind whose size is bounded."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.redis_client import Redis, text

# Kinds of keys by how they begin. Each of their keys must have a time to live.
PASSING = ("orders:{0}:o:", "orders:{0}:idem:", "orders:{access}:bucket:", "orders:{services}:")
CLOCK = ":clock"
# What goes when the orders go of which it tells.
FOLLOWING = ("orders:{0}:user:",)
# What the mock chain keeps for days by design.
KEPT = ("chain:{0}:tx:", "chain:{0}:expiring", "chain:{0}:landed")
# Kinds that stay: a fixed number of keys, whose lengths have a bound.
STAYING = (
    "orders:{0}:accepted", "orders:{0}:routed", "orders:{0}:events", "orders:{0}:dead", "orders:{0}:retries", "orders:{0}:deadlines",
    "orders:{0}:leaving", "orders:{0}:clock", "orders:{services}", "orders:{limits}:", "orders:{agreed}:", "orders:{access}:tokens", "chain:{0}:")
MAX_LENGTH = 5000  # entries of a stream, and members of a set, once nothing is under way: what is finished is trimmed a minute later
MAX_STAYING, MAX_FOLLOWING = 60, 20
LENGTH = {"stream": "XLEN", "zset": "ZCARD", "hash": "HLEN", "list": "LLEN", "set": "SCARD", "string": "STRLEN"}


@dataclass(frozen=True)
class Key:
    name: str
    life: int  # ms; -1 for none
    length: int


async def keys(redis: Redis) -> list[Key]:
    found, cursor = [], "0"
    while True:
        cursor, names = await redis("SCAN", cursor, "COUNT", 1000)
        for name in names:
            kind = text(await redis("TYPE", name))
            if kind != "none":
                found.append(Key(text(name), await redis("PTTL", name), await redis(LENGTH[kind], name)))
        if text(cursor) == "0":
            return found


def kind_of(name: str) -> str:
    """How the kind of a key begins; empty for a key of no known kind. The clock of a slot is one of those that stay."""
    if name.endswith(CLOCK):
        return "orders:{0}:clock" if name.startswith("orders:{") else ""
    return next((kind for kind in (*PASSING, *FOLLOWING, *KEPT, *STAYING) if name.startswith(kind)), "")


def counts(found: Iterable[Key]) -> Counter[str]:
    return Counter(kind_of(key.name) or key.name for key in found)


def problems(found: Iterable[Key]) -> list[str]:
    """What may grow for ever."""
    found = list(found)
    bad = [f"{key.name} is of no known kind" for key in found if not kind_of(key.name)]
    bad += [f"{key.name} has no end" for key in found if kind_of(key.name) in PASSING and key.life == -1]
    staying, following = ([key for key in found if kind_of(key.name) in kinds] for kinds in (STAYING, FOLLOWING))
    bad += [f"{key.name} has {key.length} entries" for key in staying if key.length > MAX_LENGTH]
    bad += [f"{len(staying)} keys have no end"] if len(staying) > MAX_STAYING else []
    return bad + ([f"{len(following)} lists of users whose orders have gone"] if len(following) > MAX_FOLLOWING else [])
