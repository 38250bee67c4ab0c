"""How much the services write into their logs."""

from datetime import UTC, datetime

# What was answered before Redis went may be written a moment after.
DONE = (b'"order.accepted"', b'"order.not_routed"', b'"order.confirmed"', b'"order.attempt_failed"')
TAIL = 1 << 20  # bytes at the end of a log, more than any process may write while Redis is away


def lines(world):
    """The lines of all logs of services."""
    count = 0
    for process in world.stack.processes.values():
        with open(world.stack.run.log(process.name), "rb") as file:
            count += sum(1 for _ in file)
    return count


def lines_between(world, process, since, until):
    """The lines that a process has written in that time, by its own clock, but those of orders that have gone on."""
    first, last = (datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")[:23].encode() for moment in (since, until))
    start = len(b'{"time":"')
    with open(world.stack.run.log(process.name), "rb") as file:
        file.seek(max(0, file.seek(0, 2) - TAIL))
        return sum(1 for line in file if first <= line[start:start + 23] < last and not any(event in line for event in DONE))
