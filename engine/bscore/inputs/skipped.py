"""What a listing left out, counted and named: nothing is skipped silently."""

from __future__ import annotations

from dataclasses import dataclass

#: Names kept of each kind; the rest is only counted.
FIRST_NAMES = 3
DANGLING = "dangling links"
REPEATED = "links to folders that are listed already"
SPECIAL = "pipes, sockets, devices"
HIDDEN = "names with a leading dot, which * does not match"
UNREADABLE = "unreadable names"
GONE = "names that vanished meanwhile"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One kind of what was left out: how many, and the first of them."""

    kind: str
    count: int
    first: tuple[str, ...]

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.first) else ""
        return f"{self.kind}: {self.count} ({', '.join(self.first)}{more})"


class Skipped:
    """Things below an input that are not scored, by kind."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, list[bytes]] = {}
        self._latest = b""

    def add(self, path: bytes, kind: str) -> None:
        """Note one; the same one twice in a row counts once."""
        if path == self._latest:
            return
        self._latest = path
        self._counts[kind] = self._counts.get(kind, 0) + 1
        first = self._first.setdefault(kind, [])
        if len(first) < FIRST_NAMES:
            first.append(path)

    def kinds(self) -> list[LeftOut]:
        """Each kind that occurred, in the order of its first one."""
        return [
            LeftOut(kind, count, tuple(map(shown, self._first[kind]))) for kind, count in self._counts.items()
        ]


def shown(path: bytes, limit: int = 300) -> str:
    """A path fit to be shown and sent: undecodable bytes are escaped, long ones lose their middle."""
    text = path.decode("utf-8", "backslashreplace")
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[-limit // 2 :]}"
