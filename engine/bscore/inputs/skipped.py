"""What a listing left out, counted and named: nothing is skipped silently."""

from __future__ import annotations

#: Names kept of each kind; the rest is only counted.
FIRST_NAMES = 3


class Skipped:
    """Things below an input that are no regular files: dangling links, sockets, pipes, devices."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[bytes] = []
        self._latest = b""

    def add(self, path: bytes) -> None:
        """Note one; the same one twice in a row counts once."""
        if path == self._latest:
            return
        self._latest = path
        self.count += 1
        if len(self.first) < FIRST_NAMES:
            self.first.append(path)


def shown(path: bytes, limit: int = 300) -> str:
    """A path fit to be shown and sent: undecodable bytes are escaped, long ones lose their middle."""
    text = path.decode("utf-8", "backslashreplace")
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[-limit // 2 :]}"
