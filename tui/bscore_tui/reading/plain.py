"""The same model as lines of text and as JSON, for pipes, logs of CI and scripts. Loads no Textual."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any, TextIO

from bscore.errors import NotFoundError
from bscore.logtree import paths
from bscore.logtree.history import refuse_damaged_start
from bscore.observe import Pulse
from bscore_tui.reading.reader import JobReader
from bscore_tui.views.end import at_the_latest, trust, unknown, wait
from bscore_tui.views.model import Face, Mode, Model
from bscore_tui.views.safe import safe_lines
from bscore_tui.views.screen import overview_screen
from bscore_tui.views.styles import Options, text_of
from bscore_tui.views.words import clock, percent, plural, rate, span

EXIT_CODES = {"Completed": 0, "Failed": 1, "Canceled": 3, "NotResponding": 4}
#: How often a job is looked at, and how often progress alone is worth a line.
LOOK_S = 0.5
LINE_S = 10.0


def exit_code(model: Model) -> int:
    """The exit code that tells how the job is: 0 too while it runs well."""
    return EXIT_CODES.get(model.state, 0)


def read_all(reader: JobReader) -> None:
    """Read everything there is now."""
    while reader.poll()[1]:
        pass
    reader.compare()


def _model(reader: JobReader) -> Model:
    read_all(reader)
    if not reader.there:
        refuse_damaged_start(reader.source)
        raise NotFoundError(
            "There is no journal yet.", remedy="With --plain the job's beginning is waited for."
        )
    return reader.model()


def print_once(reader: JobReader, out: TextIO, width: int, height: int, options: Options) -> int:
    """Print the Overview as text. Raises NotFoundError for no journal, TreeError for a damaged one."""
    model = _model(reader)
    out.writelines(text_of(line).rstrip() + "\n" for line in overview_screen(model, width, height, options))
    return exit_code(model)


def print_json(reader: JobReader, out: TextIO) -> int:
    """Print the state as one JSON object; times are microseconds UTC, null is unknown.

    Raises NotFoundError for no journal, TreeError for a damaged one.
    """
    model = _model(reader)
    json.dump(as_json(model), out, indent=2, ensure_ascii=True)
    out.write("\n")
    return exit_code(model)


#: Left out of JSON: what only a drawing needs.
_DRAWN = {"timeline", "recent_ns", "notes", "mode", "read_share"}


def as_json(model: Model) -> dict[str, Any]:
    """The model as plain values."""
    return {
        field.name: _plain(getattr(model, field.name))
        for field in dataclasses.fields(model)
        if field.name not in _DRAWN
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


class PlainOutput:
    """One line per change worth saying, flushed at once; at the end the summary."""

    def __init__(self, out: TextIO, options: Options) -> None:
        self._out, self._options = out, options
        self._said: tuple[object, ...] = ()
        self._said_s = float("-inf")
        self._notes: tuple[int, int] = (0, 0)

    def show(self, model: Model, monotonic_s: float) -> None:
        """Say what changed: errors and phases at once, mere progress every ten seconds."""
        for row in reversed(self._new_errors(model)):
            self._write(model, row)
        important = (model.state, model.face)
        if important == self._said[:2] and monotonic_s - self._said_s < LINE_S:
            return
        said = (*important, model.over, model.items, len(model.workers))
        if said != self._said:
            self._said, self._said_s = said, monotonic_s
            self._write(model, progress_line(model, self._options))

    def _new_errors(self, model: Model) -> list[str]:
        """Words of the error records that were not there at the last look."""
        fresh = [note for note in model.notes if note.level == "E" and (note.at, note.offset) > self._notes]
        if model.notes:
            self._notes = max(self._notes, (model.notes[0].at, model.notes[0].offset))
        return [note.text for note in fresh] if self._said else []

    def _write(self, model: Model, text: str) -> None:
        self._out.write(f"{clock(model.at, self._options)} {text}\n")
        self._out.flush()


def progress_line(model: Model, options: Options) -> str:
    """How far it is, in one line."""
    parts = [model.state]
    if model.face is Face.PREPARING:
        parts.append(f"{model.items or 0:,} items listed, {len(model.workers)} workers starting")
        parts += _end(model)
        return "  ".join(parts)
    share = percent(model.done, model.mini_batches) if model.listed and model.mini_batches else None
    if share is not None:
        parts.append(f"{share:.1f} %")
    total = f"{model.mini_batches or 0:,}" + ("" if model.listed else " so far")
    parts.append(f"{model.done:,} of {total} mini-batches done")
    if model.ended is None and model.items_s is not None:
        parts.append(rate(model.items_s, options).replace(" /s", " items/s"))
    if model.abandoned:
        parts.append(f"{model.abandoned:,} abandoned")
    if model.failed_items:
        parts.append(f"{plural(model.failed_items, 'item')} failed")
    if model.face is Face.STANDING and model.still_since:
        parts.append(f"stands still for {span((model.at - model.still_since) / 1e6)}")
    parts += _end(model)
    return "  ".join(parts)


def _end(model: Model) -> list[str]:
    """When it will end; that nobody can know only where nothing else says why."""
    if latest := at_the_latest(model, Options()):
        return [f"ends {latest}"]
    if model.ends is not None:
        return [f"ends {wait(model)}, {trust(model)}"]
    return [f"end {unknown(model)}"] if model.face is Face.RUNNING and model.end_reason else []


def follow_plain(
    reader: JobReader,
    out: TextIO,
    options: Options,
    sleep: Callable[[float], None] = time.sleep,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> int:
    """Print progress until the job is over or responds no more, then its summary; the exit code.

    Raises TreeError for a journal that is damaged from its first record on.
    """
    output = PlainOutput(out, options)
    waited = False
    while True:
        _, more = reader.poll()
        if more:
            continue
        if not reader.there:
            refuse_damaged_start(reader.source)
            if not waited:
                out.write("Waiting for the job to begin: there is no journal yet.\n")
                out.flush()
            waited = True
            sleep(LOOK_S)
            continue
        model = reader.model()
        output.show(model, monotonic_s())
        if model.mode is Mode.END or reader.pulse is Pulse.NOT_RESPONDING:
            print_summary(reader, model, out, options)
            return exit_code(model)
        sleep(LOOK_S)


def print_summary(reader: JobReader, model: Model, out: TextIO, options: Options) -> None:
    """What `job_result.txt` says; the Overview's face where there is none."""
    result = reader.source.read(paths.JOB_RESULT, 0, 256 * 1024)
    out.write("\n")
    if result and model.mode is Mode.END:
        lines = safe_lines(result, most=400)
    else:
        lines = [text_of(line).rstrip() for line in overview_screen(model, 100, 29, options)[:-2]]
    out.write("\n".join(lines).rstrip() + "\n")
    out.flush()
