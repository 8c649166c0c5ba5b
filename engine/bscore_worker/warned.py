"""Warnings of the script, counted in groups: what `warnings` shows and what its loggers say from WARNING on.

A group is what source, category, message shape and place have in common. At most 200 are kept, the rest is
"other"; a hundred thousand equal warnings cost one group and some twenty messages to the agent. What is shown
where is left as it is. Not counted: what a filter hides, what the script takes over by a showwarning of its
own, and what processes say that the script starts.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import warnings
from time import monotonic_ns
from typing import Any, Callable, Dict, List, Optional, Tuple

from bscore_worker.shapes import MAX_SHAPES_OF_PLACE, OTHER_MESSAGE, OTHER_SHAPE, message_shape
from bscore_worker.traces import plain, relative
from bscore_worker.wire import Message

MAX_GROUPS = 200
#: What came since is said at every power of two of a group's count, and when so much time has passed.
SAY_AFTER_NS = 1_000_000_000
MAX_TEXT_CHARACTERS = 600
#: Exact texts whose group is remembered, so that their shape is taken once.
_MAX_KNOWN = 500

_SITE = os.sep + "site-packages" + os.sep
_CAPTURED = re.compile(r"(.+?):(\d+): (\w+): ([^\n]*)")

_LAST_WAIT_S = 1.0

#: Sends what the function gives, or leaves it for later when somebody else sends for so long.
Offer = Callable[[Callable[[], List[Message]], float], None]


class Group:
    """Warnings that are the same but for what differs each time; times are monotonic."""

    __slots__ = ("count", "facts", "first_ns", "last_ns", "mini_batch", "unsaid")

    def __init__(self, facts: Tuple[str, ...], mini_batch: int) -> None:
        #: Source, category, shape, place, first message.
        self.facts = facts
        self.mini_batch = mini_batch
        self.count = self.unsaid = self.first_ns = self.last_ns = 0

    def take(self) -> Tuple[Any, ...]:
        """What has not been said yet, as builtins."""
        unsaid, self.unsaid = self.unsaid, 0
        return (*self.facts, self.mini_batch, unsaid, self.first_ns, self.last_ns)


class Warned:
    """The counter of one worker. `code` is the script's folder, `now_ns` its monotonic clock."""

    def __init__(self, code: str, offer: Offer, now_ns: Callable[[], int] = monotonic_ns) -> None:
        self._code, self._offer, self._now_ns = code, offer, now_ns
        #: The mini-batch that is being scored; -1 before the first.
        self.mini_batch = -1
        # The same thread may come back in the middle: signal handlers and finalizers warn, too.
        self._lock = threading.RLock()
        self._counting = True
        self._groups: Dict[Tuple[str, ...], Group] = {}
        self._known: Dict[Tuple[str, ...], Group] = {}
        #: Shapes of each source, category and place.
        self._shapes: Dict[Tuple[str, ...], int] = {}
        self._other = Group(("other", "", "", "", ""), -1)
        self._fresh: Dict[int, Group] = {}
        self._said_ns = now_ns()

    def install(self) -> None:
        """Listen to `warnings` and to every logger, whatever handlers a script gives them."""
        shown, handled = warnings.showwarning, logging.Logger.callHandlers

        def showwarning(
            message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
        ) -> None:
            self._hear(self._shown, message, category, filename, lineno)
            shown(message, category, filename, lineno, file, line)

        def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING:
                self._hear(self._logged, record)
            handled(logger, record)

        warnings.showwarning = showwarning
        logging.Logger.callHandlers = call_handlers  # type: ignore[assignment,method-assign]  # as sentry does

    def say(self, last: bool = False) -> None:
        """Tell the agent what is new to it; next time where somebody is sending, unless it is the `last`."""
        try:
            self._offer(self._news, _LAST_WAIT_S if last else 0)
        except OSError:
            # No agent, or a child that the script forked: nobody counts any more.
            self._counting = False

    def forget_in_child(self) -> None:
        """In a child the script forked: nobody may speak, and the lock may be held for ever."""
        self._lock = threading.RLock()
        self._counting = False

    def _news(self) -> List[Message]:
        with self._lock:
            groups = list(self._fresh.values())
            self._fresh.clear()
            self._said_ns = self._now_ns()
            rows = [group.take() for group in groups]
        return [("warned", rows)] if rows else []

    def _hear(self, hear: Callable[..., None], *what: Any) -> None:
        """Count, whatever a stranger's objects do when they are looked at: a warning must never fail."""
        if self._counting:
            try:
                hear(*what)
            except Exception:
                self._count_one("other", "", "", "", None)

    def _shown(self, message: Any, category: Any, filename: str, lineno: int) -> None:
        self._warning(category.__name__, str(message), filename, str(lineno))

    def _warning(self, category: str, message: str, filename: str, line: str) -> None:
        place = "%s:%s" % (self._short(filename), line)
        self._count_one("warnings", category, message[:MAX_TEXT_CHARACTERS], place, None)

    def _logged(self, record: logging.LogRecord) -> None:
        if record.name == "py.warnings":
            found = _CAPTURED.match(record.getMessage())
            if found:
                filename, line, category, message = found.groups()
                self._warning(category, message, filename, line)
                return
        template = record.msg if type(record.msg) is str else str(record.msg)
        category = record.levelname + ":" + record.name
        place = "%s:%s in %s" % (self._short(record.pathname), record.lineno, record.funcName)
        self._count_one("logging", category, template[:MAX_TEXT_CHARACTERS], place, record)

    def _short(self, filename: str) -> str:
        """A file as a person knows it, the same on every node."""
        _, found, inside = filename.rpartition(_SITE)
        return inside if found else relative(filename, self._code)

    def _count_one(
        self, source: str, category: str, text: str, place: str, record: Optional[logging.LogRecord]
    ) -> None:
        with self._lock:
            exact = (source, category, place, text)
            group = self._known.get(exact) or self._found(exact, record)
            group.count += 1
            now_ns = group.last_ns = self._now_ns()
            if not group.unsaid:
                group.first_ns = now_ns
            group.unsaid += 1
            self._fresh[id(group)] = group
            due = not group.count & (group.count - 1) or now_ns - self._said_ns > SAY_AFTER_NS
        if due:
            self.say()

    def _found(self, exact: Tuple[str, ...], record: Optional[logging.LogRecord]) -> Group:
        """The group of a text that is not remembered: an old one, a new one, or "other"."""
        source, category, place, text = exact
        if source == "other":
            return self._other
        # A template says itself what differs.
        shape = text[:200] if record is not None and record.args else message_shape(text)
        key = (source, category, shape, place)
        group = self._groups.get(key)
        here = (source, category, place)
        if group is None and place and self._shapes.get(here, 0) >= MAX_SHAPES_OF_PLACE:
            key = (source, category, OTHER_SHAPE, place)
            group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MAX_GROUPS:
                return self._other
            self._shapes[here] = self._shapes.get(here, 0) + 1
            if key[2] == OTHER_SHAPE and shape:
                text = OTHER_MESSAGE
            elif record is not None:
                text = _written(record, text)
            facts = tuple(plain(part, MAX_TEXT_CHARACTERS) for part in (*key, text))
            group = self._groups[key] = Group(facts, self.mini_batch)
        if len(self._known) < _MAX_KNOWN:
            self._known[exact] = group
        return group


def _written(record: logging.LogRecord, template: str) -> str:
    """The message as a handler would write it; the template where its arguments do not fit."""
    try:
        return record.getMessage()[:MAX_TEXT_CHARACTERS]
    except Exception:
        return template
