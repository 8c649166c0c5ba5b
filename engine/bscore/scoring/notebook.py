"""Progress inside a notebook: one display that is updated in place. Needs nothing but the running kernel."""

from __future__ import annotations

import html
import sys
from pathlib import Path
from typing import Any

from bscore.cli.progress import EndText, joined, news, percent, preparing_text, rate_text, trouble_text
from bscore.core import events as e
from bscore.core.state import Phase, Run
from bscore.logtree.source import LocalSource

_INTERVAL_US = 250_000


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; IPython is never imported for the question."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookProgress:
    """An observer that shows a bar under the cell that runs."""

    def __init__(self, tree: Path) -> None:
        from IPython.display import display

        self._name = tree.name
        self._source = LocalSource(tree)
        self._end = EndText()
        self._drawn_at = 0
        self._shown = ""
        show: Any = display
        self._handle = show(_shown_as(self._name, 0, "Preparing"), raw=True, display_id=True)

    def hear(self, event: e.Event, run: Run) -> None:
        """Print a new kind of error once, below the bar; also what somebody asked for."""
        if isinstance(event, e.RequestTaken) and event.who == "Ctrl-C":
            lines = [f"{event.what}, asked for by the stop button: {event.answer} Stop again to end at once."]
        else:
            lines = news(event, run, self._source)
        for line in lines:
            sys.stderr.write(line + "\n")

    def tick(self, run: Run, now: int) -> None:
        """Redraw where something changed, four times a second at most."""
        if now - self._drawn_at >= _INTERVAL_US:
            self._drawn_at = now
            self._draw(run, self._end.text(run, now), rate_text(run))

    def close(self, run: Run) -> None:
        """Show how it ended."""
        self._draw(run, str(run.outcome or ""), rate_text(run))

    def _draw(self, run: Run, end: str, rate: str) -> None:
        if run.phase is Phase.PREPARING:
            text = joined(preparing_text(run), end)
        else:
            text = joined(percent(run), end, rate, trouble_text(run))
        if text != self._shown and self._handle is not None:
            self._shown = text
            share = len(run.done) / run.mini_batches if run.listing_finished and run.mini_batches else 0
            self._handle.update(_shown_as(self._name, share, text), raw=True)


def _shown_as(name: str, share: float, text: str) -> dict[str, str]:
    bar = f'<progress value="{share:.4f}" max="1" style="width: 16em"></progress>'
    return {
        "text/plain": f"{name}  {text}",
        "text/html": f"<code>{html.escape(name)}</code> {bar} <span>{html.escape(text)}</span>",
    }
