"""Columns that differ between mini-batches: rows that do not belong under one header. Pure."""

from __future__ import annotations

from bscore.core.counted import counted
from bscore.core.events import ColumnsSeen

#: The code of the finding, said once a run.
FINDING = "columns-differ"
#: Names and characters of a list of columns that are shown.
SHOWN_NAMES = 12
_TABLES = ("table", "named")
SHOWN_CHARACTERS = 120


def finding(first: ColumnsSeen, seen: ColumnsSeen) -> str:
    """How the rows of a mini-batch differ from the first ones, with a remedy; empty where they do not."""
    if seen.form == "mixed" and first.mini_batch == seen.mini_batch:
        return _text(f"Rows differ: mini-batch {seen.mini_batch} returned {_called(seen)}", "", seen)
    if (first.form, first.count, first.digest) == (seen.form, seen.count, seen.digest):
        return ""
    what = "Columns" if first.form == seen.form and seen.form in _TABLES else "Rows"
    head = (
        f"{what} differ: mini-batch {seen.mini_batch} returned {_called(seen)}, "
        f"mini-batch {first.mini_batch} returned {_called(first)}"
    )
    return _text(head, _where(first, seen), seen)


def _text(head: str, where: str, seen: ColumnsSeen) -> str:
    if seen.form == "named":
        joined = "The DataFrame of all rows has every column, empty where a mini-batch did not return it"
        return f"{head}.{where} {joined}. Return the same columns from every run()."
    kept = "All rows are kept as they came, so the columns of the output are mixed"
    if seen.form == "table":
        return f"{head}.{where} {kept}. Return the same columns in the same order from every run()."
    return f"{head}.{where} {kept}. Return rows of the same form from every run()."


def _called(seen: ColumnsSeen) -> str:
    if seen.form in _TABLES:
        if seen.count < 1:
            return "a DataFrame" if seen.count else "a DataFrame without columns"
        return _names(seen)
    if seen.form == "rows":
        return f"rows of {counted(seen.count, 'element')}"
    if seen.form == "mixed":
        return f"rows of {_lengths(seen)} elements"
    return "a list of single values"


def _names(seen: ColumnsSeen) -> str:
    shown: list[str] = []
    for name in seen.columns[:SHOWN_NAMES]:
        if shown and len(repr([*shown, name])) > SHOWN_CHARACTERS:
            break
        shown.append(name)
    rest = seen.count - len(shown)
    more = f" and {rest:,} more of {seen.count:,}" if rest > 0 else ""
    return f"{shown!r}{more}"


def _lengths(seen: ColumnsSeen) -> str:
    *others, longest = seen.columns or ("several",)
    if seen.count > len(seen.columns):
        return f"{', '.join(others)} ... and {longest}"
    return f"{', '.join(others)} and {longest}" if others else longest


def _where(first: ColumnsSeen, seen: ColumnsSeen) -> str:
    """The first column that differs, where the lists are too long to show it."""
    if any(one.form not in _TABLES or one.count < 1 for one in (first, seen)):
        return ""
    if not any(" more of " in _names(one) for one in (first, seen)):
        return ""
    pairs = list(zip(first.columns, seen.columns, strict=False))
    at = next((n for n, (one, other) in enumerate(pairs) if one != other), len(pairs))
    if at < len(pairs):
        one, other = pairs[at]
        return f" Column {at + 1:,} is the first that differs: {other!r} instead of {one!r}."
    if first.count != seen.count:
        few, many = sorted((first.count, seen.count))
        return f" The numbers of columns differ: {few:,} and {many:,}."
    return f" They differ behind column {at:,}."
