"""The fixed places of every screen: head, body, strip, keys; and who gets a key or a click."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from rich.cells import cell_len
from textual.binding import Binding
from textual.screen import Screen

from bscore_tui.actions import ACTIONS, BY_ID
from bscore_tui.screens import frame
from bscore_tui.screens.clicks import clicked
from bscore_tui.screens.doing import HANDLERS
from bscore_tui.screens.moving import go
from bscore_tui.screens.navigation import Navigation
from bscore_tui.screens.pages import INNER, ROOTS
from bscore_tui.views.head import footer
from bscore_tui.views.layout import shortened, wrap
from bscore_tui.views.safe import safe_text
from bscore_tui.views.strip import strip
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.widgets.aliases import Aliases
from bscore_tui.widgets.edit import Edit
from bscore_tui.widgets.line_view import LineView
from bscore_tui.widgets.overlay import Asking, Overlay

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from bscore_tui.feed import Feed
    from bscore_tui.monitor import Monitor
    from bscore_tui.views.model import Model


T = TypeVar("T")

#: Views from the top to the foot.
_PARTS = 4


class Stage(Screen[None], inherit_bindings=False):
    """The one Textual screen; pages come and go on it without a new layout."""

    # With priority: otherwise a key bubbles back to the app while those behind it are handed out already,
    # and what is typed fast behind `:` finds no line to be typed into.
    BINDINGS: ClassVar = [
        Binding(
            ",".join(action.keys), f"do('{action.id}')", action.label, id=action.id, show=False, priority=True
        )
        for action in ACTIONS
    ]
    AUTO_FOCUS = ""

    def __init__(self, options: Options, nodes: Mapping[str, str]) -> None:
        super().__init__()
        self._options = options
        self._aliases = Aliases(nodes, options.glyphs.ellipsis)
        self.overlay: Overlay | None = None
        self.message = ""
        self.history: dict[str, list[str]] = {}
        self.marks: list[int] = []
        self.navigation = Navigation(self, ROOTS, INNER)
        self.entries: list[tuple[str, str, str]] = []
        self.covered = 0
        self._strip: tuple[Model, object, list[Line]] | None = None

    def compose(self) -> ComposeResult:
        """Four line views, from the top."""
        yield LineView(id="head")
        yield LineView(id="body")
        yield LineView(id="strip")
        foot = LineView(id="foot")
        foot.can_focus = True
        yield foot

    @property
    def monitor(self) -> Monitor:
        """The app."""
        return cast("Monitor", self.app)

    @property
    def model(self) -> Model:
        """As `Desk.model`."""
        return self.monitor.model

    @property
    def feed(self) -> Feed:
        """As `Desk.feed`."""
        return self.monitor.feed

    @property
    def options(self) -> Options:
        """As `Desk.options`."""
        return self._options

    @property
    def environ(self) -> Mapping[str, str]:
        """As `Desk.environ`."""
        return self.monitor.environ

    @property
    def view_body(self) -> LineView:
        """The widget that draws the body."""
        return self.query_one("#body", LineView)

    def change_options(self, **changes: object) -> None:
        """Draw with other options from now on."""
        self._options = replace(self._options, **changes)  # type: ignore[arg-type]  # the callers' field names

    def keys_of(self, action: str) -> tuple[str, ...]:
        """As `Desk.keys_of`."""
        return self.monitor.keys[action]

    def say(self, text: str) -> None:
        """As `Desk.say`."""
        self.message = text

    def open(self, target: str) -> None:
        """As `Desk.open`."""
        go(self, target)

    def fetch(self, read: Callable[[], T], take: Callable[[T | None], None]) -> None:
        """As `Desk.fetch`."""

        def done(content: T | None) -> None:
            take(content)
            self.redraw()

        def work() -> None:
            try:
                content = read()
            except (OSError, ValueError) as error:
                self.message = f"not readable: {safe_text(str(error), 200)}"
                self.app.call_from_thread(done, None)
                return
            self.app.call_from_thread(done, content)

        self.run_worker(work, thread=True, exit_on_error=True)

    def ask(self, prompt: str, take: Callable[[str], None], *, text: str = "", kind: str = "") -> None:
        """As `Desk.ask`."""
        history = self.history.setdefault(kind or prompt, [])

        def taken(final: str) -> None:
            if final and final not in history[-1:]:
                history.append(final)
            take(final)

        self.lay(Asking(Edit(prompt, text, history), taken))

    def lay(self, overlay: Overlay) -> None:
        """Let an overlay take the keys until it is answered."""
        self.overlay = overlay
        self.query_one("#foot").focus(scroll_visible=False)

    def on_mount(self) -> None:
        """Draw what is known at once."""
        self.redraw()

    def on_resize(self) -> None:
        """Other sizes show other columns."""
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """As `Desk.redraw`."""
        # While the monitor is left its parts go one by one.
        if not self.is_mounted or not self.size.width or len(self.children) < _PARTS:
            return
        width, height = self.size
        if frame.too_small(width, height):
            self._show_small(width, height)
            return
        above = frame.head(self.model, self.navigation, width, self.options)
        below = self._strip_lines(width, height)
        self._resize_strip(len(below))
        room = max(1, height - len(above) - len(below) - 1)
        body = self.navigation.page.body(width, room)
        self.query_one("#head", LineView).show(above)
        self.query_one("#strip", LineView).show(below)
        self._show_body(body, width, room)
        self.query_one("#foot", LineView).show([self._foot(width)])

    def _strip_lines(self, width: int, height: int) -> list[Line]:
        """The strip, drawn anew only for another picture: it is half the cost of a screen."""
        key = (width, height, self.options)
        if self._strip is None or self._strip[0] is not self.model or self._strip[1] != key:
            self._strip = (self.model, key, strip(self.model, width, height, self.options))
        return self._strip[2]

    def _show_small(self, width: int, height: int) -> None:
        self._resize_strip(0)
        for name, lines in frame.small(width, height).items():
            self.query_one(f"#{name}", LineView).show(lines)

    def _resize_strip(self, rows: int) -> None:
        strip = self.query_one("#strip")
        if strip.styles.height is None or strip.styles.height.value != rows:
            strip.styles.height = rows

    def _show_body(self, body: Body, width: int, room: int) -> None:
        view, page = self.view_body, self.navigation.page
        over = self.overlay.lines(width) if self.overlay is not None else self._long_message(width)
        over = [shortened(line, width, self.options) for line in over[: max(0, room - 1)]]
        self.covered = len(over)
        lines = [shortened(line, width, self.options) for line in self._aliases.apply(body.lines)]
        view.show(lines, fixed=body.fixed, top=page.top, over=over)
        if page.selected and page.row in body.targets and not page.loose:
            view.reveal(page.row)
        page.top = view.top

    def _long_message(self, width: int) -> list[Line]:
        """A message too long for the lowest row, over the rows above it; no rows for one that fits."""
        if "\n" not in self.message and cell_len(self.message) < width - 1:
            return []
        rows = [row for text in self.message.split("\n") for row in wrap(text, width - 2, 4, self.options)]
        return [[], *([(f" {row}", "strong")] for row in rows)]

    def _foot(self, width: int) -> Line:
        if self.overlay is not None and (line := self.overlay.foot(width)) is not None:
            return line
        if self.message and not self._long_message(width):
            return [(f" {self.message}", "strong")]
        self.entries = frame.footer_entries(self.navigation.page, self.model, self.monitor.key_of, width)
        return footer([(key, label) for _, key, label in self.entries], width, self.options)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the table work on the pages it names, and only while nothing is asked."""
        if action == "do" and parameters:
            known = BY_ID.get(str(parameters[0]))
            # The shell is asked for whatever is being typed, as everywhere else.
            free = self.overlay is None or parameters[0] == "suspend"
            return free and known is not None and self.navigation.page.name in known.pages
        return super().check_action(action, parameters)

    def action_do(self, name: str) -> None:
        """Do what an action of the table means on this page."""
        self.message = ""
        own = getattr(self.navigation.page, f"do_{name}", None)
        if own is not None:
            own()
        else:
            HANDLERS[name](self)
        self.redraw()

    def on_key(self, event: events.Key) -> None:
        """While something is asked, every key is for the overlay."""
        if self.overlay is None:
            return
        event.stop()
        event.prevent_default()
        overlay = self.overlay
        overlay.key(event.key, event.character)
        self.after_overlay(overlay)

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text goes where text is typed."""
        if self.overlay is not None:
            event.stop()
            self.overlay.paste(event.text)
            self.redraw()

    def after_overlay(self, overlay: Overlay) -> None:
        """Draw what an overlay has become; give the keys back once it is answered."""
        if overlay.closed and self.overlay is overlay:
            self.overlay = None
            self.set_focus(None)
        self.redraw()

    def on_line_view_clicked(self, event: LineView.Clicked) -> None:
        """The mouse does what keys do."""
        event.stop()
        self.message = ""
        clicked(self, event)
        self.redraw()

    def on_line_view_wheel(self, event: LineView.Wheel) -> None:
        """The wheel scrolls the body, whatever lies under it."""
        event.stop()
        self.scroll(event.rows)
        self.redraw()

    def scroll(self, rows: int) -> None:
        """Scroll the body; the selection stays where it can be seen."""
        self.navigation.page.wheel(rows, self.view_body)

    def paint(self) -> None:
        """Draw every row anew."""
        for view in self.query(LineView):
            view.redraw()
        self.refresh(layout=True)

    def as_text(self) -> str:
        """The screen without its styles."""
        rows: list[str] = []
        for view in self.query(LineView):
            rows += [view.render_line(row).text.rstrip() for row in range(view.size.height)]
        return "\n".join(rows) + "\n"
