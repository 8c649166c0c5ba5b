"""The terminal beside the picture: its title and its mouse."""

from __future__ import annotations

from collections.abc import Callable

from bscore_tui.views.safe import safe_text

_MAX_TITLE = 120
_MOUSE_ON = "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h"
_MOUSE_OFF = "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"


class Terminal:
    """Sends a title only when it differs from the last one."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._title = ""
        self._mouse = True

    def title(self, text: str) -> None:
        """Name the window."""
        text = safe_text(text, _MAX_TITLE)
        if text != self._title:
            self._title = text
            self._send(f"\x1b]2;{text}\x07")

    def reset(self) -> None:
        """Leave the window without a name of ours."""
        if self._title:
            self._title = ""
            self._send("\x1b]2;\x07")

    def restore(self) -> None:
        """The title and the mouse as they were, after another program had the terminal."""
        title, self._title = self._title, ""
        self.title(title)
        if not self._mouse:
            self._send(_MOUSE_OFF)

    def toggle_mouse(self) -> str:
        """Mouse reports off or on; the answer says which."""
        self._mouse = not self._mouse
        self._send(_MOUSE_ON if self._mouse else _MOUSE_OFF)
        return "mouse on" if self._mouse else "mouse off: select text with it; M switches it on again"
