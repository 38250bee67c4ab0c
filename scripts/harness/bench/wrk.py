"""wrk: posts as many orders as are answered, over connections that stay."""

import asyncio
import json
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.runner.servers import program

from .http_load import PATH, Address
from .processor import Cpu

CONNECTIONS = 64
SCRIPT = Path(__file__).with_name("orders.lua")


@dataclass(frozen=True)
class Posted:
    """What wrk says. Times are milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    cpu: Cpu  # of wrk itself

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


async def post(address: Address, seconds: int, headers: Mapping[str, str] | None = None) -> Posted:
    """Posts for some seconds. Raises AssertionError if an order was refused or an answer lost."""
    before = _children()
    fields = [text for name, value in (headers or {}).items() for text in ("-H", f"{name}: {value}")]
    argv = [program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(SCRIPT), *fields, f"http://{address[0]}:{address[1]}{PATH}"]
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    try:
        async with asyncio.timeout(seconds + 20):
            output = (await child.communicate())[0].decode()
    except TimeoutError:
        child.kill()
        await child.wait()
        raise
    assert child.returncode == 0 and "{" in output, f"wrk: exit code {child.returncode}\n{output}"
    said = json.loads(output[output.rindex("{"):])
    assert not said["refused"] and not said["lost"] and said["requests"], f"wrk: {said}"
    return Posted(said["requests"], said["seconds"], said["p50"], said["p99"], _children() - before)


def _children() -> Cpu:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cpu(usage.ru_utime * 1e6, usage.ru_stime * 1e6)
