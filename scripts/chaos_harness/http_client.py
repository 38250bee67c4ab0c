"""One HTTP/1.1 request over a connection of its own."""

import asyncio
import json
import time
from dataclasses import dataclass


class Lost(Exception):
    """No whole answer came: what became of the request is not known."""


@dataclass
class Answer:
    status: int
    headers: dict
    text: str
    seconds: float

    def json(self):
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def code(self):
        return self.json().get("code", "")


async def request(port, method, path, body=None, headers=None, timeout=10.0):
    start = time.monotonic()
    writer = None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            data = b"" if body is None else json.dumps(body).encode()
            lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{port}", "Connection: close", f"Content-Length: {len(data)}"]
            if body is not None:
                lines.append("Content-Type: application/json")
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
            status = int((await reader.readline()).split()[1])
            received = {}
            while (line := (await reader.readline()).decode("latin-1").strip()):
                name, _, value = line.partition(":")
                received[name.lower()] = value.strip()
            text = await _body(reader, received)
            return Answer(status, received, text, time.monotonic() - start)
    except (OSError, EOFError, TimeoutError, ValueError, IndexError) as problem:
        raise Lost(f"{type(problem).__name__} after {time.monotonic() - start:.2f} s") from problem
    finally:
        if writer is not None:
            writer.close()


async def _body(reader, headers):
    if headers.get("transfer-encoding", "").lower() == "chunked":
        parts = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        return b"".join(parts).decode()
    if "content-length" in headers:
        return (await reader.readexactly(int(headers["content-length"]))).decode()
    return (await reader.read()).decode()
