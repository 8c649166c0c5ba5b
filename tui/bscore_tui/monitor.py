"""The Textual app: joins feed, stage, settings and terminal, and decides nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual._compositor import CompositorUpdate
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from bscore_tui.actions import keymap, shown_key
from bscore_tui.config import THEMES
from bscore_tui.driver import Ended, TerminalDriver
from bscore_tui.feed import Feed
from bscore_tui.output import Mirror, Sent
from bscore_tui.remember import recall, remember
from bscore_tui.screens import memory
from bscore_tui.screens.frame import window_title
from bscore_tui.screens.stage import Stage
from bscore_tui.setup import Setup
from bscore_tui.terminal import Terminal
from bscore_tui.views.model import Mode, Model
from bscore_tui.widgets.palettes import own_themes

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.screen import Screen


class Monitor(App[None]):
    """One job in the terminal. Leaving it never touches the job."""

    CSS_PATH = Path(__file__).with_name("bscore.tcss")
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = []

    class Delivered(Message):
        """A new picture of the job; of several waiting ones only the last is drawn."""

        def __init__(self, model: Model) -> None:
            super().__init__()
            self.model = model

        def can_replace(self, message: Message) -> bool:
            """Newer pictures take the place of older ones."""
            return isinstance(message, Monitor.Delivered)

    def __init__(self, feed: Feed, first: Model, setup: Setup, *, bell: bool = False) -> None:
        super().__init__()
        self.feed = feed
        self.model = first
        self.setup = setup
        self._bell = bell
        #: The signal that ended the monitor.
        self.ended_by: int | None = None
        self.mirror = Mirror()
        self.terminal = Terminal(self.send)
        self.keys = keymap(setup.settings.keys)
        for theme in own_themes():
            self.register_theme(theme)
        self.theme = setup.theme
        self.set_keymap({name: ",".join(keys) for name, keys in setup.settings.keys.items()})

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment it was started in."""
        return self.setup.environ

    @property
    def root(self) -> str | None:
        """Folder of the job on this machine, if it is there."""
        return self.setup.root

    @property
    def read_only(self) -> bool:
        """Whether commands that change something are offered."""
        return self.setup.read_only

    @property
    def stage(self) -> Stage:
        """The one screen."""
        stage = self.screen_stack[0]
        assert isinstance(stage, Stage)
        return stage

    def get_default_screen(self) -> Screen[None]:
        """The stage."""
        return Stage(self.setup.options, self.setup.settings.nodes)

    def get_driver_class(self) -> type[Driver]:
        """Our own in place of the usual one."""
        usual = super().get_driver_class()
        return TerminalDriver if usual is LinuxDriver else usual

    def key_of(self, action: str) -> str:
        """The key shown for an action."""
        return shown_key(self.keys[action][0])

    def on_mount(self) -> None:
        """Take up what was remembered, then listen to the feed."""
        if self.setup.state is not None:
            memory.recall(self.stage, recall(self.setup.state))
            self.feed.set_marks(tuple(self.stage.marks))
        self.terminal.title(window_title(self.model))
        self.app_resume_signal.subscribe(self, self._resumed)
        self.feed.start(self._delivered)

    def _delivered(self, model: Model) -> None:
        """Called by the feed's thread."""
        self.post_message(self.Delivered(model))

    def on_unmount(self) -> None:
        """Stop listening; remember the screens."""
        self.feed.stop()
        self.terminal.reset()

    def on_ended(self, event: Ended) -> None:
        """A signal ends the monitor as a key does; the job goes on."""
        self.ended_by = event.number
        self.leave()

    def action_help_quit(self) -> None:
        """ctrl+c leaves nothing; which key does is said."""
        self.stage.say(f"{self.key_of('quit')} leaves the monitor; the job goes on")
        self.stage.redraw()

    def stop_job(self) -> bool:
        """Hand the terminal to the shell until that brings the monitor back; False without a terminal."""
        if not isinstance(self._driver, TerminalDriver):
            return False
        self._driver.stop_job()
        return True

    async def action_quit(self) -> None:
        """Leave (ctrl+q of Textual's own drivers)."""
        self.leave()

    def leave(self) -> None:
        """Remember the screens and end the monitor; the job goes on."""
        if self.setup.state is not None:
            remember(self.setup.state, memory.remembered(self.stage))
        self.exit()

    def on_monitor_delivered(self, event: Delivered) -> None:
        """Draw the new picture."""
        if not self.screen_stack:
            # The monitor is left, and its screen is gone before its feed has stopped.
            return
        playhead = self.feed.playhead
        before = self.model
        self.model = replace(event.model, speed=playhead.speed if playhead.playing else None)
        with self.batch_update():
            self.stage.redraw()
        self.terminal.title(window_title(event.model))
        alive = before.ended is None and before.mode is not Mode.READING
        if self._bell and alive and event.model.ended is not None:
            self.bell()

    def send(self, sequence: str) -> None:
        """Write a sequence to the terminal; nowhere when there is none."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)
            self._driver.flush()

    def _display(self, screen: Screen[object], renderable: object) -> None:
        """Send only what changed (see `output`)."""
        update = renderable
        if self._shows() and isinstance(update, CompositorUpdate) and self.setup.settings.diff:
            sequence = self.mirror.changes(update, self.console)
            if sequence is not None:
                update = Sent(sequence) if sequence else None
        super()._display(screen, update)  # type: ignore[arg-type]  # as Textual hands it over

    def _shows(self) -> bool:
        return bool(
            self._running
            and not self._closed
            and not self.is_headless
            and self._driver
            and not self._batch_count
        )

    def on_resize(self) -> None:
        """The terminal may have moved everything."""
        self.mirror.forget()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Give the terminal to another program for a while."""
        if self.is_headless or self._driver is None or not self._driver.can_suspend:
            yield
            return
        failed: OSError | None = None
        with self.suspend():
            # ctrl+c is for the program that has the terminal; that one does not inherit a handler.
            signal.signal(signal.SIGINT, lambda *_: None)
            try:
                yield
            except OSError as error:
                # Textual takes the terminal again only where nothing is raised.
                failed = error
        if failed is not None:
            raise failed

    def _resumed(self, _app: App[object]) -> None:
        """The terminal was another program's for a while."""
        self.terminal.restore()
        self.repaint_all()

    def repaint_all(self) -> None:
        """Paint everything, whatever the terminal is thought to show."""
        self.mirror.forget()
        self.stage.paint()

    def next_theme(self) -> None:
        """The next of the four themes."""
        self.theme = THEMES[(THEMES.index(self.theme) + 1) % len(THEMES)]
        self.repaint_all()

    def toggle_mouse(self) -> str:
        """Mouse off, so that the terminal's own selection works, and on again; the answer says which."""
        return self.terminal.toggle_mouse()
