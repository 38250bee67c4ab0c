"""Free ports, and whether one is taken."""

import random
import socket

# Below the range that the kernel gives to outgoing connections, so that none of those takes a port between choosing and listening.
LOWEST, HIGHEST = 12000, 32000


def _can_listen(family, address, port):
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def has_ipv6_loopback():
    return socket.has_ipv6 and _can_listen(socket.AF_INET6, "::1", 0)


def taken(port, bind):
    """Whether somebody listens on the port, on an address that we would use. A listener on all addresses counts for each."""
    if not _can_listen(socket.AF_INET, bind, port) or not _can_listen(socket.AF_INET, "127.0.0.1", port):
        return True
    return has_ipv6_loopback() and not _can_listen(socket.AF_INET6, "::1", port)


def free(count, but=()):
    """That many different ports on which nobody listens."""
    chosen = []
    for _ in range(100 * (count + 1)):
        if len(chosen) == count:
            return chosen
        port = random.randint(LOWEST, HIGHEST)
        if port not in chosen and port not in but and not taken(port, "0.0.0.0"):
            chosen.append(port)
    raise RuntimeError("No free port was found.")
