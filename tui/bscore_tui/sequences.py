"""Keys cut out of what a terminal sends: each escape sequence whole, however slowly its bytes come.

A terminal sends an arrow as `ESC [ A`, and the key Esc as the first of these bytes. A slow line may bring
them apart; taken for what they are one by one they would be Esc and two other keys. Pure.
"""

from __future__ import annotations

import re

ESC = "\x1b"
#: A lone Esc is the key once nothing has followed for so long.
ESCAPE_S = 0.5
#: What else has begun is given up after so long; a paste has more time.
REST_S = 2.0
PASTE_S = 5.0
#: For so long after an Esc that was taken for the key its rest may still come.
LATE_S = 3.0
_PASTE, _PASTE_END = "\x1b[200~", "\x1b[201~"
_MOST_PASTED = 64 * 1024
#: No key is longer.
_MOST = 32
_MOST_ANSWERED = 4096
#: An old mouse report, a function key of the Linux console, a control sequence, an application key.
_WHOLE = re.compile(r"\x1b(?:\[M.{3}|\[\[.|\[(?!M|\[)[0-?]*[ -/]*[@-~]|O[0-9;]*[@-~])", re.DOTALL)
_BEGUN = re.compile(r"\x1b(?:\[M.{0,2}|\[\[|\[[0-?]*[ -/]*|O[0-9;]*)?\Z", re.DOTALL)
#: What a terminal answers to a question (whose it was matters not): never keys.
_ANSWER = re.compile(r"\x1b(?:\]\d|P[\d>!])[^\x1b\x07]*(\x07|\x1b\\|\x1b?\Z)?")
_LATE = re.compile(r"(?:\[[0-?]*[@-~]|O[A-Za-z])")


class Sequences:
    """Takes text as it comes and gives pieces: plain text, one whole sequence, or ESC for the key itself."""

    def __init__(self, escape_s: float = ESCAPE_S) -> None:
        self._escape_s = escape_s
        self._held = ""
        self._held_s = 0.0
        self._escaped_s = float("-inf")

    def feed(self, text: str, now_s: float) -> list[str]:
        """The pieces that are whole now; what has only begun is kept."""
        pieces: list[str] = []
        if self._held == ESC and text[:1] not in ("[", "O"):
            # Whoever types fast behind Esc means both keys.
            pieces.append(ESC)
            self._held = ""
        elif not self._held and now_s - self._escaped_s < LATE_S and _LATE.match(text):
            text = ESC + text
        self._escaped_s = float("-inf")
        data, self._held = self._held + text, ""
        while data:
            piece, data = self._cut(data)
            pieces += piece
        if self._held:
            self._held_s = now_s
        return pieces

    def overdue(self, now_s: float) -> list[str]:
        """What is given out because nothing more came."""
        held, waited_s = self._held, now_s - self._held_s
        if held == ESC and waited_s >= self._escape_s:
            self._held, self._escaped_s = "", now_s
            return [ESC]
        if held.startswith(_PASTE):
            if waited_s >= PASTE_S:
                self._held = ""
                return [held + _PASTE_END]
        elif held and waited_s >= REST_S:
            self._held = ""
        return []

    def _cut(self, data: str) -> tuple[list[str], str]:
        """The first piece of some text, and what stands behind it."""
        if not data.startswith(ESC):
            plain = data.partition(ESC)[0]
            return [plain], data[len(plain) :]
        if data.startswith(_PASTE):
            end = data.find(_PASTE_END)
            if end >= 0:
                end += len(_PASTE_END)
                return [data[:end]], data[end:]
            self._held = data if len(data) <= _MOST_PASTED else data[:_MOST_PASTED] + data[-len(_PASTE) :]
            return [], ""
        if answer := _ANSWER.match(data):
            if not answer[1] and answer.end() == len(data) <= _MOST_ANSWERED:
                self._held = data
            return [], data[answer.end() :]
        if whole := _WHOLE.match(data):
            return [whole[0]] if len(whole[0]) <= _MOST else [], data[whole.end() :]
        if len(data) <= _MOST and _BEGUN.match(data):
            self._held = data
            return [], ""
        if data[1] in ("[", "O"):
            # Broken off: whatever began there is no key.
            return [], ESC + rest if (rest := data[1:].partition(ESC)[2]) else ""
        return ([ESC], data[1:]) if data[1] == ESC else ([data[:2]], data[2:])
