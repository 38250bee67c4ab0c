"""The addresses in REDIS_URL and DATABASE_URL, as far as the runner has to know them. The services read the same texts, and refuse what is wrong.

A password may have any character. Where a reader cannot be sure where it ends, it returns None, so that no part of it is ever shown."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

HOST = re.compile(r"[\w.:%-]+|[/@].*")  # a name, an address, or the path of a socket


@dataclass(frozen=True)
class ServerURL:
    """A URL that was read. Only `place` may be shown."""

    hosts: tuple[str, ...]
    ports: tuple[str, ...]  # as many as there are hosts
    user: str = ""
    password: str = field(default="", repr=False)
    more: dict[str, str] = field(default_factory=dict, repr=False)  # what else the URL says, by libpq's names

    @property
    def place(self) -> str:
        """Host and port, of each server."""
        return ",".join(_shown(*pair) for pair in zip(self.hosts, self.ports, strict=True))


def _shown(host: str, port: str) -> str:
    return ":".join(word for word in (f"[{host}]" if ":" in host else host, port) if word)


def redis(text: str) -> ServerURL | None:
    """redis://[[user][:password]@]host[:port][/database], or a URL of another scheme of Redis."""
    scheme, mark, rest = text.partition("://")
    rest, query = re.fullmatch(r"([^?#]*)(.*)", rest, re.DOTALL).groups()
    if not mark or "@" in query or scheme == "redis" and query:
        return None
    login, _, location = rest.rpartition("@")
    address = location.partition("/")[0]
    if scheme != "redis" and not address:
        address = location  # the path of a socket
    hosts = _hosts(address, "6379" if scheme == "redis" else "")
    return ServerURL(*hosts, *_login(login)) if hosts else None


def postgres(text: str) -> ServerURL | None:
    """postgres://user:password@host:port,host:port/database?parameter=value"""
    mark = re.match("postgres(ql)?://", text, re.IGNORECASE)
    if mark is None:
        return None
    rest = text[mark.end():]
    authority = re.match("[^/?]*", rest).group()
    if "@" in rest[len(authority):] and ("@" in authority or _hosts(authority, "")):
        return None
    # Where the text before the first / or ? is no host, it is the beginning of a password.
    login, _, rest = rest.rpartition("@")
    location, path, query = re.fullmatch(r"([^/?]*)(/[^?]*)?(\?.*)?", rest, re.DOTALL).groups(default="")
    hosts = _hosts(location, "") if location else ((), ())
    words = [word.partition("=") for word in query[1:].split("&") if word]
    if hosts is None or "/" in path[1:] or not all(equals for _, equals, _ in words):
        return None
    user, password = _login(login)
    written = {"user": user, "password": password, "host": ",".join(hosts[0]), "port": ",".join(hosts[1]), "dbname": unquote(path[1:])}
    return _of_options(written | {unquote(name): unquote(value) for name, _, value in words})


def _of_options(options: dict[str, str]) -> ServerURL | None:
    """The URL with these parameters of libpq."""
    if options.get("ssl") == "true":  # as JDBC has it
        del options["ssl"]
        options["sslmode"] = "require"
    hosts = tuple((options.get("host") or options.get("hostaddr") or "localhost").split(","))
    ports = options.get("port", "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    if len(ports) != len(hosts) or not all(HOST.fullmatch(host) for host in hosts) or not all(map(_is_port, ports)):
        return None
    secrets = ("password", "sslpassword")
    more = {name: value for name, value in options.items() if name not in secrets and value}
    return ServerURL(hosts, tuple(port or "5432" for port in ports), options["user"], options["password"], more)


def _login(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    # A password with a percent sign that begins no escape is taken as it is.
    return unquote(user), password if re.search("%(?![0-9a-fA-F]{2})", password) else unquote(password)


def _is_port(text: str) -> bool:
    return text == "" or text.isascii() and text.isdigit() and 0 < int(text) < 65536


def _hosts(text: str, default: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The hosts of host:port,host:port, and their ports. None if that is no such text."""
    hosts, ports = [], []
    for place in [text] if text.startswith("/") else text.split(","):
        found = re.fullmatch(r"(?:\[([0-9a-fA-F:.%]+)\]|(/.*|[^:\[\]]+))(?::([^:]*))?", place)
        if found is None:
            return None
        host, port = unquote(found[1] or found[2]), found[3] or ""
        if not HOST.fullmatch(host) or not _is_port(port):
            return None
        hosts.append(host)
        ports.append(port or ("" if host.startswith("/") else default))
    return tuple(hosts), tuple(ports)
