"""The reading half of a WebSocket client (RFC 6455): a handshake, then text messages until the server closes."""

import base64
import hashlib
import os
import socket
import time
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Closed(Exception):
    def __init__(self, code, reason):
        super().__init__(f"the WebSocket was closed with {code} {reason}".rstrip())
        self.code = code


class WebSocket:
    def __init__(self, url, timeout=30):
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port or 80), timeout=timeout)
        self._file = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        status = self._file.readline().decode("latin-1").strip()
        headers = {}
        while (line := self._file.readline().decode("latin-1").strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        accepted = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if " 101 " not in f"{status} " or headers.get("sec-websocket-accept") != accepted:
            self._socket.close()
            raise ConnectionError(f"{url} is no WebSocket: {status}")

    def messages(self, until):
        """Text messages, in order; ends when the server closes with 1000, raises Closed on any other end and TimeoutError at `until`."""
        parts = []
        while True:
            # the server's pings would keep a read with a fixed time-out waiting for ever
            self._socket.settimeout(max(0.001, until - time.monotonic()))
            final, kind, payload = self._frame()
            if kind == CLOSE:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                self._send(CLOSE, payload[:2])
                if code == 1000:
                    return
                raise Closed(code, payload[2:].decode("utf-8", "replace"))
            if kind == PING:
                self._send(PONG, payload)
            elif kind != PONG:
                parts.append(payload)
                if final:
                    yield b"".join(parts).decode("utf-8")
                    parts = []

    def close(self):
        self._file.close()
        self._socket.close()

    def _read(self, count):
        data = self._file.read(count)
        if len(data) < count:
            raise Closed(1006, "the connection was lost")
        return data

    def _frame(self):
        first, second = self._read(2)
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(self._read(2 if length == 126 else 8), "big")
        return bool(first & 0x80), first & 0x0F, self._read(length)

    def _send(self, kind, payload):
        mask = os.urandom(4)  # a client's frames are masked
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._socket.sendall(bytes((0x80 | kind, 0x80 | len(payload))) + mask + masked)
