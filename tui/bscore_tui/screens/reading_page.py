"""Pages that show more than the model holds: read in a thread, read again when the job has gone on."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from bscore_tui.screens.desk import Desk
from bscore_tui.screens.page import Page
from bscore_tui.views.model import STILL, Mode

T = TypeVar("T")
#: What a living job shows is read again at most so often.
AGAIN_S = 2.0


class ReadingPage(Page, Generic[T]):
    """`content` is what was read last; None while it is read for the first time."""

    def __init__(self, desk: Desk, subject: str = "") -> None:
        super().__init__(desk, subject)
        self.content: T | None = None
        self._key: object = None
        self._about: object = None
        self._asked_s = float("-inf")
        self._busy = False

    def reader(self) -> Callable[[], T] | None:
        """What reads the content; None where there is nothing to read."""
        raise NotImplementedError

    def version(self) -> object:
        """Content of another version is read anew: usually the moment shown."""
        model = self.desk.model
        return (self.subject, model.last if model.mode in (Mode.LIVE, Mode.READING) else model.at)

    def about(self) -> object:
        """What the content is about: of another thing nothing is shown, however lately it was read."""
        return self.subject

    def until(self) -> int | None:
        """Up to which moment the journal is read; None is now."""
        model = self.desk.model
        return None if model.mode in STILL else model.at

    def refresh(self) -> None:
        """Ask for the content if what is there is out of date; called on every drawing."""
        about, key = self.about(), self.version()
        if about != self._about:
            self._about, self.content = about, None
        if key == self._key or self._busy:
            return
        now_s = time.monotonic()
        if self.content is not None and now_s - self._asked_s < AGAIN_S and self.until() is None:
            return
        read = self.reader()
        if read is None:
            return
        self._key, self._asked_s, self._busy = key, now_s, True
        self.desk.fetch(read, partial(self._take, about))

    def _take(self, about: object, content: T | None) -> None:
        self._busy = False
        if content is not None and about == self._about:
            self.content = content
