"""The terminal's driver: whole keys however slowly they come, cells for the mouse, the terminal given back.

Differs from Textual's own driver: a sequence cut in two is not Esc and other keys; mouse positions are cells,
whatever a terminal reports of its size; SIGTERM and SIGHUP restore the terminal; ctrl+z stops the whole job.
Built on `LinuxDriver`, parts of which are private: the tests on a pty notice when they change.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import termios
import time
from codecs import getincrementaldecoder
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.messages import InBandWindowResize

from bscore_tui.sequences import ESC, ESCAPE_S, Sequences

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_SIZE_REPORT = re.compile(r"\x1b\[48;[\d;:]*t")
#: How long the end of the thread may be noticed late.
_LOOK_S = 0.1
_MOST_STARTS = 20


class Ended(events.Event, bubble=False):
    """A signal, or a terminal that is gone, ends the program."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class _Parser(XTermParser):
    """Textual's parser, which gets whole pieces only."""

    def messages(self, piece: str) -> list[Message]:
        """What a piece means; of a sequence it does not know, not the letters."""
        found = list(self.feed(piece))
        if self._timeout_time is not None:
            # It waits for more where no more comes. Two characters are a key pressed with Alt.
            self._timeout_time = 0.0
            letters = list(self.tick())
            found += letters if len(piece) == len(ESC) + 1 else []
        return found


class TerminalDriver(LinuxDriver):
    """As `LinuxDriver`, for terminals behind slow lines."""

    _gone = False

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        """As `LinuxDriver`; its handlers of signals, which break in anywhere, are not used."""
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.signal(signal.SIGCONT, signal.SIG_DFL)

    def start_application_mode(self) -> None:
        """Take the terminal; from now on signals give it back first."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's has no annotations
        if not self._started():
            return
        for number in _ENDING:
            # nohup means that the end of the terminal is not the end of the program.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._loop.add_signal_handler(number, self._end, number)
        self._loop.add_signal_handler(signal.SIGTSTP, self._stop)
        self._loop.add_signal_handler(signal.SIGCONT, self._take_anew)

    def stop_application_mode(self) -> None:
        """Give the terminal back; from now on signals do what they do by themselves."""
        for number in (*_ENDING, signal.SIGTSTP, signal.SIGCONT):
            self._loop.remove_signal_handler(number)
        super().stop_application_mode()

    def _started(self) -> bool:
        return self._key_thread is not None and self._key_thread.is_alive()

    def _end(self, number: int) -> None:
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            self._gone = True
        self.send_message(Ended(number))

    def write(self, data: str) -> None:
        """Write; nowhere once the terminal is gone, for nobody would take it out of the queue."""
        if not self._gone:
            super().write(data)

    def close(self) -> None:
        """As `LinuxDriver.close`."""
        if not self._gone:
            super().close()

    def _query_in_band_window_resize(self) -> None:
        """Ask for nothing: reports of the size would come with mouse positions in pixels."""

    def run_input_thread(self) -> None:
        """Hear the terminal until the thread is told to end, or the terminal is gone."""
        self._parser = _Parser(self._debug)
        delay_s = constants.ESCAPE_DELAY if "ESCDELAY" in os.environ else ESCAPE_S
        sequences = Sequences(delay_s)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                pieces: list[str] = []
                if selector.select(_LOOK_S):
                    data = self._read()
                    if not data:
                        self._loop.call_soon_threadsafe(self._end, signal.SIGHUP)
                        return
                    pieces = sequences.feed(decode(data), time.monotonic())
                pieces += sequences.overdue(time.monotonic())
                for piece in pieces:
                    self._hear(piece)

    def _read(self) -> bytes:
        with suppress(OSError):
            return os.read(self.fileno, 4096)
        return b""

    def _hear(self, piece: str) -> None:
        """Hand on what a whole piece means."""
        if piece == ESC:
            self.process_message(events.Key("escape", ESC))
            return
        if _SIZE_REPORT.fullmatch(piece):
            size = Size(*self._get_terminal_size())
            self.process_message(events.Resize(size, size))
            return
        try:
            messages = self._parser.messages(piece)
        except (ValueError, ArithmeticError, LookupError, TypeError):
            # Numbers of any size may be sent; a parser that has raised parses nothing more.
            self._parser = _Parser(self._debug)
            return
        for message in messages:
            self.process_message(message)

    def process_message(self, message: Message) -> None:
        """As `LinuxDriver.process_message`; what was not asked for switches nothing on."""
        if not isinstance(message, InBandWindowResize):
            super().process_message(message)

    def stop_job(self) -> None:
        """Give the terminal back and stop the shell's whole job, as ctrl+z does elsewhere.

        Where no shell could go on with it the kernel stops nothing, and the terminal is taken again.
        """
        self.suspend_application_mode()
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        self._start_again()

    def _stop(self) -> None:
        """As `stop_job`, for this process alone."""
        self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGTSTP)
        self._start_again()

    def _take_anew(self) -> None:
        """Take the terminal anew after a stop that could not be heard (SIGSTOP)."""
        self.suspend_application_mode()
        self._start_again()

    def _start_again(self) -> None:
        # In the background starting fails, and stops the process until it comes to the foreground.
        for _ in range(_MOST_STARTS):
            self._must_signal_resume = True
            self.resume_application_mode()
            if self._started():
                return
        self._end(signal.SIGHUP)
