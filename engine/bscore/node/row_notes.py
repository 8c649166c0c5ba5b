"""Messages about the shape of rows: their columns, and what a reader of the output stumbles on."""

from __future__ import annotations

from bscore.core.events import ColumnsSeen
from bscore_worker.row_shape import MAX_NAME_CHARACTERS, MAX_NAMES
from bscore_worker.wire import Message

_FORMS = ("table", "named", "rows", "mixed", "values")

#: Findings about rows, each said once, with a place for the number of the mini-batch.
_NOTES = {
    "line-breaks": (
        "Rows of mini-batch {0} hold line breaks. Elements of a list are written as they are, so pd.read_csv "
        "and whatever reads lines finds more rows than run() returned. Replace the line breaks in the script."
    ),
    "quoted-line-breaks": (
        "Fields of mini-batch {0} hold line breaks. They are quoted: pd.read_csv with the same separator "
        "reads them back, but the output has more lines than rows."
    ),
    "carriage-returns": (
        "Fields of mini-batch {0} hold carriage returns (\\r), at which pd.read_csv begins another row where "
        "they are not quoted. Replace them in the script."
    ),
    "separators": (
        "Rows of mini-batch {0} hold U+2028, U+2029 or U+0085. pd.read_csv reads them as part of a field, "
        "str.splitlines() begins another row there."
    ),
    "numpy-reprs": (
        "Rows of mini-batch {0} hold texts such as np.float64(1.0), as NumPy 2 shows a number inside a list "
        "or tuple: pd.read_csv does not read them as numbers. Convert in the script, for instance with "
        "float(value) or array.tolist()."
    ),
    "index": (
        "The DataFrame of mini-batch {0} has an index with a name or with other labels than whole numbers. "
        "Only columns are written, here as in the cloud: return frame.reset_index() to keep it."
    ),
    "escaped-bytes": (
        "Rows of mini-batch {0} hold names with bytes that are not UTF-8. The output is UTF-8, so each such "
        "byte stands there as text, \\xff for instance."
    ),
}


def note(message: Message) -> tuple[str, str]:
    """Code and text of the finding that a "noted" message asks for. Raises KeyError, ValueError."""
    _, mini_batch, code = message
    return f"rows-{code}", _NOTES[code].format(int(mini_batch))


def columns_seen(message: Message, worker: str, at: int) -> ColumnsSeen:
    """The event of a "columns" message. Raises ValueError or TypeError where it is none."""
    _, mini_batch, form, names, count, digest = message
    numbers = (mini_batch, count, digest)
    if form not in _FORMS or not all(type(number) is int for number in numbers) or len(names) > MAX_NAMES:
        raise ValueError(f"no columns: {message!r:.200}")
    if not all(type(name) is str and len(name) <= MAX_NAME_CHARACTERS for name in names):
        raise ValueError(f"no names of columns: {names!r:.200}")
    return ColumnsSeen(at, worker, mini_batch, form, tuple(names), count, digest)
