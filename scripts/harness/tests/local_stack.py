"""A stack for tests of scripts/stack itself: its mocks are quick and never fail."""

from pathlib import Path

from harness.orders import ORDER, follow, place
from harness.private import PrivateStack
from harness.runner.processes import alive, session

USUAL = {"MOCK_FAILURE_RATE": "0", "MOCK_SWAP_LATENCY_MS": "200"}


class LocalStack(PrivateStack):
    def __init__(self, folder: Path, name: str, **settings: str) -> None:
        super().__init__(folder / name, **USUAL | settings)

    def confirms(self) -> str:
        """Places an order and waits until it is confirmed."""
        order_id = place(self.base, ORDER)
        events = follow(self.base, order_id, seconds=30)
        assert events[-1]["status"] == "confirmed", events[-1]
        return order_id


def gone(pids: dict[str, int]) -> None:
    left = [name for name, pid in pids.items() if alive(pid) or session(pid)]
    assert not left, f"still running: {left}"
