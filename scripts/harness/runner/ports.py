"""Free ports, and whether one is taken."""

import random
import socket

# Below the range that the kernel uses for outgoing connections, so that none of those takes a port between the choice and the listening.
MIN_PORT, MAX_PORT = 12000, 32000


def _can_listen(family: int, address: str, port: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def has_ipv6_loopback() -> bool:
    return socket.has_ipv6 and _can_listen(socket.AF_INET6, "::1", 0)


def taken(port: int, bind: str) -> bool:
    """Whether another process listens on the port, on an address that we would use. A listener on all addresses counts for each."""
    if not _can_listen(socket.AF_INET, bind, port) or not _can_listen(socket.AF_INET, "127.0.0.1", port):
        return True
    return has_ipv6_loopback() and not _can_listen(socket.AF_INET6, "::1", port)


class Reservation:
    """Ports that no other program can take until `release`, while the programs that they are for can. A socket is bound to each, and does not listen.

    The socket is bound without SO_REUSEADDR, so that the bind fails if the port is in use. It gets the option afterwards, so that a server, which
    sets it too, may share the port."""

    def __init__(self, count: int, but: tuple[int, ...] = ()) -> None:
        self._sockets, self.ports = [], []
        for _ in range(100 * (count + 1)):
            if len(self.ports) == count:
                return
            port = random.randint(MIN_PORT, MAX_PORT)
            if port not in but:
                self._take(port)
        self.release()
        raise RuntimeError("No free port was found.")

    def _take(self, port: int) -> None:
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            holder.bind(("0.0.0.0", port))
        except OSError:
            holder.close()
            return
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sockets.append(holder)
        self.ports.append(port)

    def release(self) -> None:
        for holder in self._sockets:
            holder.close()
        self._sockets = []


def free(count: int) -> list[int]:
    """That many different ports on which no process listens right now."""
    reservation = Reservation(count)
    reservation.release()
    return reservation.ports
