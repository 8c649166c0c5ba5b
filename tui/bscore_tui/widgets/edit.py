"""A line of text being typed: state and drawing; the cursor never blinks, so that idle costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Line

_MAX = 500


@dataclass
class Edit:
    """What is typed behind a prompt. `history`: earlier texts, the newest last; `up` recalls them."""

    prompt: str
    text: str = ""
    history: list[str] = field(default_factory=list)
    cursor: int = -1
    _recalled: int = 0

    def __post_init__(self) -> None:
        if self.cursor < 0:
            self.cursor = len(self.text)

    def insert(self, text: str) -> None:
        """Type or paste; line ends become spaces, control characters are made visible."""
        text = safe_text(" ".join(text.splitlines()), _MAX)
        text = text[: max(0, _MAX - len(self.text))]
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def key(self, key: str, character: str | None) -> bool:
        """A key was pressed; whether the text or the cursor took it."""
        handler = _KEYS.get(key)
        if handler is not None:
            handler(self)
            return True
        if character is not None and character.isprintable():
            self.insert(character)
            return True
        return False

    def line(self, width: int) -> Line:
        """The row, scrolled so that the cursor can be seen."""
        room = max(1, width - len(self.prompt) - 3)
        start = max(0, self.cursor - room)
        shown = self.text[start : start + room]
        at = self.cursor - start
        under = shown[at : at + 1] or " "
        return [
            (f" {self.prompt}", "key"),
            (shown[:at], "strong"),
            (under, "selected"),
            (shown[at + 1 :], "strong"),
        ]

    def left(self) -> None:
        """The cursor one character back."""
        self.cursor = max(0, self.cursor - 1)

    def right(self) -> None:
        """The cursor one character on."""
        self.cursor = min(len(self.text), self.cursor + 1)

    def home(self) -> None:
        """The cursor to the beginning."""
        self.cursor = 0

    def end(self) -> None:
        """The cursor to the end."""
        self.cursor = len(self.text)

    def backspace(self) -> None:
        """Take away the character before the cursor."""
        if self.cursor:
            self.text = self.text[: self.cursor - 1] + self.text[self.cursor :]
            self.cursor -= 1

    def delete(self) -> None:
        """Take away the character under the cursor."""
        self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]

    def clear(self) -> None:
        """Take away all before the cursor."""
        self.text, self.cursor = self.text[self.cursor :], 0

    def word(self) -> None:
        """Take away the word before the cursor."""
        before = self.text[: self.cursor].rstrip()
        start = before.rfind(" ") + 1
        self.text, self.cursor = self.text[:start] + self.text[self.cursor :], start

    def recall(self) -> None:
        """The text before, of the history."""
        if self._recalled < len(self.history):
            self._recalled += 1
            self.text = self.history[-self._recalled]
            self.end()


_KEYS = {
    "left": Edit.left,
    "right": Edit.right,
    "home": Edit.home,
    "ctrl+a": Edit.home,
    "end": Edit.end,
    "ctrl+e": Edit.end,
    "backspace": Edit.backspace,
    "delete": Edit.delete,
    "ctrl+u": Edit.clear,
    "ctrl+w": Edit.word,
}
