"""Why attempts failed, by frequency, as reports tell it. Pure.

Where the original has a sentence for it, that sentence is used (reference 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bscore.core.counted import counted
from bscore.core.error_words import error_words
from bscore.core.events import FailureKind
from bscore.core.item_words import items_words
from bscore.logtree import paths
from bscore.logtree.lines import one_line, shorten
from bscore.logtree.overview import iso

#: Causes that are written out; further ones are counted. Likewise messages of one cause.
MAX_CAUSES = 20
MAX_MESSAGES = 5

_SENTENCES = {
    FailureKind.TIMEOUT: "The run() function in the entry script had timeout for {n} times.",
    FailureKind.EXCEPTION: (
        "The run() function in the entry script had raised exception for {n} times."
        " Please check logs at logs/user/error/* for details."
    ),
    FailureKind.DIED: "Worker processes died while run() was running for {n} times.",
    FailureKind.REJECTED: "The run() function in the entry script returned something unusable for {n} times.",
    FailureKind.SHORT: "The run() function in the entry script returned too few results for {n} times.",
    FailureKind.LOST: "Nodes were lost while run() was running for {n} times.",
    FailureKind.MISSING: "Inputs were missing when the job was resumed: {n} items.",
}

_INIT_SENTENCE = "A worker failed before it was ready for {n} times. Please check logs at logs/user/error/*."
_SHUTDOWN_SENTENCE = (
    "The shutdown() function in the entry script failed (workers: {n}). That loses no rows; what it writes or"
    " sends may be missing."
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Failed attempts that have kind, type, message and place in common; times in microseconds UTC."""

    kind: FailureKind
    error_type: str
    message: str
    place: str
    count: int
    first_at: int
    last_at: int
    nodes: tuple[str, ...]
    #: -1 for workers that never became ready.
    first_mini_batch: int
    trace: str = ""
    item: str = ""
    #: Items of the attempts; None: not known.
    items: int | None = None
    #: What all of them share, in words.
    common: tuple[str, ...] = ()
    #: Whether it was the import of the script that failed.
    loading: bool = False
    #: Whether it was shutdown() that failed.
    ending: bool = False
    #: (count, first message) of each message shape, where they are several; the rest had further ones.
    messages: tuple[tuple[int, str], ...] = ()
    #: Of the first failure: its number of items, the last one, and the one that stdout named last.
    first_items: int = 1
    last_item: str = ""
    printed: str = ""


def cause_lines(causes: Sequence[Cause], other_failures: int = 0) -> list[str]:
    """Causes by kind and frequency, in the original's sentences where it has them."""
    lines: list[str] = []
    shown = sorted(causes, key=lambda cause: (-cause.count, cause.first_at))
    hidden = shown[MAX_CAUSES:]
    totals: dict[str, int] = {}
    for cause in shown:
        sentence = _sentence(cause)
        totals[sentence] = totals.get(sentence, 0) + cause.count
    for sentence in sorted(totals, key=lambda sentence: -totals[sentence]):
        lines.append(sentence.format(n=totals[sentence]))
        for cause in shown[:MAX_CAUSES]:
            lines += _cause(cause) if _sentence(cause) == sentence else []
    rest = other_failures + sum(cause.count for cause in hidden)
    if rest:
        lines.append(f"Other failed attempts: {rest}. All of them are in {paths.MINI_BATCHES_REPORT}.")
    return lines


def _sentence(cause: Cause) -> str:
    if cause.ending:
        return _SHUTDOWN_SENTENCE
    return _SENTENCES[cause.kind] if cause.first_mini_batch >= 0 else _INIT_SENTENCE


def _cause(cause: Cause) -> list[str]:
    text = error_words(cause.error_type, cause.message)
    lines = [f"  * Error {shorten(text)!r} occurred {cause.count} times."]
    facts = [f"in {one_line(cause.place)}"] if cause.place else []
    if cause.nodes:
        facts.append(f"on {node_names(cause.nodes)}")
    if cause.items is not None:
        facts.append(counted(cause.items, "item"))
    facts.append(f"{iso(cause.first_at)[:19]} to {iso(cause.last_at)[:19]}")
    lines.append(f"    {', '.join(facts)}")
    if cause.common:
        lines.append(f"    In common: {one_line('; '.join(cause.common))}")
    first = (
        f"    First: mini-batch {cause.first_mini_batch}"
        if cause.first_mini_batch >= 0
        else f"    First: {_phase(cause)}"
    )
    if cause.item:
        first += f", {_items(cause)}"
    if cause.trace:
        first += f", whole text in {one_line(cause.trace)}"
    return [*lines, first, *_messages(cause)]


def _items(cause: Cause) -> str:
    items = (one_line(cause.item), one_line(cause.last_item))
    return items_words(*items, cause.first_items, one_line(cause.printed))


def _phase(cause: Cause) -> str:
    if cause.ending:
        return "shutdown()"
    return "the import of the script" if cause.loading else "init()"


def _messages(cause: Cause) -> list[str]:
    """The messages of a cause, the most frequent first, counts that add up."""
    if len(cause.messages) < 2:
        return []
    shown = sorted(cause.messages, key=lambda one: -one[0])[:MAX_MESSAGES]
    rest = cause.count - sum(count for count, _ in shown)
    lines = [f"    {count:>7,} x  {shorten(text)!r}" for count, text in shown]
    return [*lines, f"    {rest:>7,} x  other messages"] if rest else lines


def node_names(nodes: Sequence[str]) -> str:
    """The first nodes of a group."""
    return f"{', '.join(map(one_line, nodes[:4]))}{' and others' if len(nodes) > 4 else ''}"


def user_error_summary(causes: Sequence[Cause], other_failures: int = 0) -> str:
    """The text of `logs/user/error.txt`: the script's errors, grouped."""
    if not causes and not other_failures:
        return "The script raised no errors.\n"
    return "\n".join(cause_lines(causes, other_failures)) + "\n"
