"""The fixed places of every screen: head, strip, footer. Each is a plain function of the model."""

from __future__ import annotations

from collections.abc import Sequence

from bscore_tui.views.layout import ends, fit, width_of
from bscore_tui.views.model import Mode, Model
from bscore_tui.views.styles import Line, Options
from bscore_tui.views.words import clock, day, plural, span

SCREENS = ("Overview", "Batches", "Nodes", "Errors", "Timeline", "Logs")
STATE_STYLES = {
    "Completed": "ok", "Failed": "error", "Canceled": "warn", "NotResponding": "error",
}  # fmt: skip


def head(model: Model, width: int, options: Options) -> Line:
    """Row 1: job, state, elapsed; at the right which moment is shown."""
    wide = width >= 100
    start: Line = [(" ", "text"), (model.job or "job", "title"), ("   ", "text")]
    start += [(state_words(model), STATE_STYLES.get(model.state, "strong"))]
    if wide:
        workers = sum(len(node.workers) for node in model.nodes)
        facts = [model.script]
        facts += (
            [plural(len(model.nodes), "node") + (f"  {plural(workers, 'worker')}" if workers else "")]
            if model.nodes
            else []
        )
        start += [("     " + fact, "dim") for fact in facts if fact]
    start.append(("  ", "text"))
    return ends(start, _moment(model, options), width, options)


def state_words(model: Model) -> str:
    """`Running 41:33`, `Failed after 1:12:40`, `Failed, ran 0:08 in 2 terms`, `NotResponding for 33:10`."""
    if model.started is None:
        return model.state
    if model.state == "NotResponding":
        return f"NotResponding for {span((model.until - model.last) / 1e6)}"
    until = model.at if model.ended is None else model.ended
    ran = span((until - model.started - model.timeline.idle_us(until)) / 1e6)
    if model.term > 1:
        return f"{model.state}, ran {ran} in {model.term} terms"
    return f"{model.state} {ran}" if model.ended is None else f"{model.state} after {ran}"


def _moment(model: Model, options: Options) -> Line:
    when = day(model.at, model.now, options)
    text = f"{when} {clock(model.at, options)} {options.zone} ".lstrip()
    mode = "REPLAY" if model.mode is Mode.FROZEN and model.speed is not None else model.mode.value
    if model.mode is Mode.READING:
        mode = f"READING {int(model.read_share * 100)} %"
    style = "strong" if model.mode is Mode.LIVE else "error" if model.mode is Mode.SILENT else "accent"
    return [(mode, style), ("  ", "text"), (text, "text")]


def tabs(model: Model, screen: str, width: int, options: Options) -> Line:
    """Row 2: the screens with their numbers, the open one in brackets."""
    line: Line = []
    for name, label in _labels(model, width):
        if name == screen:
            line += [(" [", "accent"), (label, "selected"), ("]", "accent")]
        else:
            line += [(" " if line and line[-1][0] == "]" else "  ", "text"), (label, "dim")]
    return ends(line, [("? keys ", "dim")], width, options)


_SHORT = {"Overview": "Over", "Batches": "Batch", "Errors": "Err", "Timeline": "Time"}


def _labels(model: Model, width: int) -> list[tuple[str, str]]:
    errors = f" {len(model.errors)}" if model.errors else ""
    return [
        (
            name,
            f"{number} {_SHORT.get(name, name) if width < 76 else name}{errors if name == 'Errors' else ''}",
        )
        for number, name in enumerate(SCREENS, 1)
    ]


def screen_at(model: Model, screen: str, width: int, column: int, options: Options) -> str:
    """The screen named at a column of the tabs; "" beside them."""
    names = {label: name for name, label in _labels(model, width)}
    position = 0
    for text, _ in tabs(model, screen, width, options):
        if position <= column < position + len(text):
            return names.get(text, "")
        position += len(text)
    return ""


def crumbs(parts: Sequence[str], hint: str, width: int, options: Options) -> Line:
    """Row 2 inside something: `4 Errors > KeyError: 'price' > mini-batch 5,530`."""
    line: Line = [(" ", "text")]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        line += [(part, "selected" if last else "dim")] + ([] if last else [(" > ", "dim")])
    return ends(line, [(hint + " ", "dim")] if hint else [], width, options)


def footer(keys: Sequence[tuple[str, str]], width: int, options: Options) -> Line:
    """The last row: keys that work here, cut from the right at a whole key."""
    line: Line = [(" ", "text")]
    gap = "   " if width >= 100 else "  "
    for number, (key, label) in enumerate(keys):
        part: Line = [] if not number else [(gap, "text")]
        part += [(key, "key"), (f" {label}" if label else "", "dim")]
        if width_of(line) + width_of(part) > width:
            break
        line += part
    return fit(line, width, options)
