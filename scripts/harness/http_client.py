"""One HTTP/1.1 request over a connection of its own; and a way for callers to wait for asynchronous work.

By TLS any certificate will do: the servers are this machine's own."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

Result = TypeVar("Result")
Json = dict[str, Any]  # an object
Body = Json | str | bytes | None  # an object is sent as JSON, text and bytes as they are


class Lost(ConnectionError):
    """No whole answer came. The outcome of the request is not known."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]  # names are in lower case
    text: str
    seconds: float

    def json(self) -> Json:
        """The answer as an object. Empty if the answer is none."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def code(self) -> str:
        """The code of a problem. Empty in every other answer."""
        return self.json().get("code", "")


async def request(
    url: str, method: str = "GET", body: Body = None, headers: Mapping[str, str] | None = None, timeout: float = 10.0,
    heard: Callable[[bytes], None] = lambda piece: None
) -> Answer:
    """Sends a request and reads the answer, whatever its status. `heard` is called with each piece of the body as it comes."""
    start, writer = time.monotonic(), None
    parts = urlsplit(url)
    fields = {"Host": parts.netloc, "Connection": "close"}
    if isinstance(body, dict):
        body, fields["Content-Type"] = json.dumps(body), "application/json"
    data = body.encode() if isinstance(body, str) else body or b""
    fields |= {"Content-Length": str(len(data)), **(headers or {})}
    target = url.partition(parts.netloc)[2] or "/"
    try:
        async with asyncio.timeout(timeout):
            tls = _tls() if parts.scheme == "https" else None
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
            head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + data)
            status = int((await reader.readline()).split()[1])
            received = {}
            while line := (await reader.readline()).decode("latin-1").strip():
                name, _, value = line.partition(":")
                received[name.lower()] = value.strip()
            text = b""
            async for piece in _pieces(reader, received):
                heard(piece)
                text += piece
            return Answer(status, received, text.decode(), time.monotonic() - start)
    except (OSError, EOFError, TimeoutError, ValueError, IndexError) as problem:
        raise Lost(f"{type(problem).__name__} after {time.monotonic() - start:.2f} s") from problem
    finally:
        if writer is not None:
            writer.close()


def blocking(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs the work to its end and returns its result.

    It has an event loop and a thread of its own, because the caller's thread may have a busy loop."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


def ask(url: str, *arguments: Any, **named: Any) -> Answer:  # noqa: ANN401 those of `request`
    """`request`, for callers that wait for the answer."""
    return blocking(request(url, *arguments, **named))


def fetched(url: str) -> Answer:
    """The answer to a GET. Any status but 200 is an AssertionError."""
    answer = ask(url)
    assert answer.status == 200, f"{url}: {answer.status} {answer.text[:300]}"
    return answer


def answers(url: str, timeout: float = 2) -> bool:
    """Whether a GET is answered with 200."""
    try:
        return ask(url, timeout=timeout).status == 200
    except Lost:
        return False


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _pieces(reader: asyncio.StreamReader, headers: dict[str, str]) -> AsyncIterator[bytes]:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readline()
    elif "content-length" in headers:
        yield await reader.readexactly(int(headers["content-length"]))
    else:
        while piece := await reader.read(65_536):
            yield piece
