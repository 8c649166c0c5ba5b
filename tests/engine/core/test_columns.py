"""Columns that differ between mini-batches, in words."""

from __future__ import annotations

from typing import Any

from bscore.core.columns import finding
from bscore.core.events import ColumnsSeen
from bscore_worker.row_shape import RowShape


def seen(mini_batch: int, form: str, columns: tuple[str, ...] = (), count: int = 0) -> ColumnsSeen:
    return ColumnsSeen(1, "n/process000", mini_batch, form, columns, count or len(columns), hash(columns))


def test_both_lists_and_the_mini_batch_are_named() -> None:
    text = finding(seen(0, "table", ("a", "b", "c")), seen(5, "table", ("a", "c", "b")))
    assert "mini-batch 5 returned ['a', 'c', 'b'], mini-batch 0 returned ['a', 'b', 'c']" in text


def test_what_is_alike_is_no_finding() -> None:
    assert not finding(seen(0, "table", ("a", "b")), seen(1, "table", ("a", "b")))
    assert not finding(seen(0, "rows", count=3), seen(1, "rows", count=3))
    assert not finding(seen(0, "values"), seen(1, "values"))


def test_a_table_without_columns_is_called_so() -> None:
    text = finding(seen(0, "table", ("a",)), ColumnsSeen(1, "w", 1, "table", (), 0, 0))
    assert "mini-batch 1 returned a DataFrame without columns" in text


def test_long_lists_are_cut_and_the_first_difference_is_named() -> None:
    names = tuple(f"x{n}" for n in range(90))
    other = (*names[:50], "y", *names[51:])
    text = finding(seen(0, "table", names, 1000), seen(7, "table", other, 1000))
    assert "more of 1,000" in text
    assert "Column 51 is the first that differs: 'y' instead of 'x50'" in text
    assert len(text) < 700
    behind = finding(seen(0, "table", names, 1000), ColumnsSeen(1, "w", 7, "table", names, 1000, 5))
    assert "They differ behind column 90" in behind
    hostile = tuple("\x1b[31m" + "y" * 55 for _ in range(90))
    assert len(finding(seen(0, "table", hostile, 5000), seen(1, "table", names, 5000))) < 700


def test_rows_of_other_lengths_and_of_other_forms_differ() -> None:
    three = seen(0, "rows", count=3)
    assert "rows of 2 elements, mini-batch 0 returned rows of 3 elements" in finding(
        three, seen(6, "rows", count=2)
    )
    assert "rows of 2 and 3 elements" in finding(three, seen(4, "mixed", ("2", "3")))
    mixed = seen(0, "mixed", ("2", "3"))
    assert "mini-batch 0 returned rows of 2 and 3 elements." in finding(mixed, mixed)
    assert "a list of single values" in finding(three, seen(1, "values"))


def told(shape: RowShape, rows: Any) -> list[Any]:
    shape.look("".join(f"{row}\n" for row in rows), len(rows))
    return [message[2:] for message in shape.of_list(rows, 0) if message[0] == "columns"]


def test_a_worker_says_a_shape_when_it_changes_and_only_then() -> None:
    shape = RowShape({}, "utf-8")
    assert told(shape, ["a", "b"]) == [("values", (), 1, 0)]
    assert told(shape, [1.5]) == []
    assert told(shape, [(1, 2), [3, 4]]) == [("rows", (), 2, 0)]
    assert told(shape, [(1, 2)]) == []
    assert told(shape, [(1, 2), (1,)])[0][:3] == ("mixed", ("1", "2"), 2)
    assert told(shape, ["a"]) == [("values", (), 1, 0)]


def test_rows_that_cannot_be_compared_never_fail_a_mini_batch() -> None:
    class Odd(list):  # type: ignore[type-arg]
        def __len__(self) -> int:
            raise RuntimeError("no")

    assert told(RowShape({}, "utf-8"), [Odd()]) == []
