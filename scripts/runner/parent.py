"""Make, when it is our parent: interrupted alone, by `kill` and not by Ctrl-C, it waits for its child without telling it."""

import os
import signal


class Parent:
    def __init__(self):
        self.pid = os.getppid()
        self.catches = self._catches() if self._is_make() else 0

    def _read(self, file):
        try:
            with open(f"/proc/{self.pid}/{file}", encoding="ascii", errors="replace") as content:
                return content.read()
        except OSError:
            return ""

    def _is_make(self):
        return self._read("comm").strip() in ("make", "gmake")

    def _catches(self):
        """The signals it has a handler for, of those that ask a program to end, as bits."""
        caught = next((line.split()[1] for line in self._read("status").splitlines() if line.startswith("SigCgt:")), "0")
        return int(caught, 16) & sum(1 << (number - 1) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM))

    def wants_to_end(self):
        """Make's handler puts the default action back as its first deed, and a killed make is no parent any more."""
        return self.catches != 0 and (os.getppid() != self.pid or self._catches() != self.catches)
