"""YAML as people write it: every mistake has its place, every trap a defined outcome."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bscore.errors import NotFoundError
from bscore.spec.problems import SpecError
from bscore.spec.yaml_text import MAX_BYTES, Document, Listing, Scalar, Table, load_yaml, parse_yaml, plain
from jobs import Place, resolve_text


def read(text: str | bytes) -> Document:
    raw = text if isinstance(text, bytes) else text.encode()
    return parse_yaml(raw, "job.yml", Path("/nowhere"))


def mistakes(text: str | bytes) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_every_key_and_value_knows_its_place() -> None:
    root = read("a: 1\nb:\n  c: [x,\n      y]\n").root
    inner = root.entries["b"]
    assert isinstance(inner, Table)
    listing = inner.entries["c"]
    assert isinstance(listing, Listing)
    places = [root.keys["a"], root.entries["a"].place, inner.keys["c"], listing.items[1].place]
    assert [(place.line, place.column) for place in places] == [(1, 1), (1, 4), (3, 3), (4, 7)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "job.yml:1:1: the file is empty"),
        ("# only a comment\n", "job.yml:1:1: the file is empty"),
        ("- a\n", "job.yml:1:1: a list stands at the top"),
        ("just words\n", "job.yml:1:1: a single value stands at the top"),
        ("a: 1\n\tb: 2\n", "job.yml:2:1: not valid YAML: a tab cannot indent a line"),
        ("a: {b: 1\n", "job.yml:2:1: not valid YAML"),
        ("a: 1\n---\nb: 2\n", "job.yml:2:1: not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "job.yml:3:1: a: the key stands twice, first in line 1"),
        ("a: *nowhere\n", "job.yml:1:4: not valid YAML: found undefined alias"),
        ("[1, 2]: x\n", "job.yml:1:1: a key must be a word"),
        ("a: !!python/object:os.system x\n", "job.yml:1:4: YAML tags have no place here"),
        ("a: !mine x\n", "job.yml:1:4: YAML tags have no place here"),
        ("<<: [1]\n", "job.yml:1:6: <<: expected an alias"),
        ("a: \x07\n", "job.yml:1:4: the character '\\x07' is not allowed"),
        (b"a: 1\nb: \xff\xfe\n", "job.yml:2:4: is not UTF-8 (byte 0xff)"),
        ("a: 1\n".encode("utf-16"), "job.yml:1:1: is not UTF-8"),
    ],
)
def test_what_is_no_job_file_is_refused_with_its_place(text: str | bytes, expected: str) -> None:
    assert mistakes(text)[0].startswith(expected)


def test_words_stay_words() -> None:
    text = "a: no\nb: 010\nc: 2024-01-02\nd: 1:30\ne: 1_000\nf: ~\ng: ''\nh: 99999999999999999999999999\n"
    assert plain(read(text).root) == {
        "a": "no", "b": "010", "c": "2024-01-02", "d": "1:30", "e": "1_000", "f": None, "g": "",
        "h": "99999999999999999999999999",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no", "not a whole number"),
        ("010", "octal"),
        ("0x1f", "not a whole number"),
        ("2024-01-02", "not a whole number"),
        ("1:30", "not a whole number"),
        ("1e3", "not a whole number"),
        ("10.0", "not a whole number"),
        ("9" * 5000, "out of range"),
        ("2147483648", "out of range"),
        ("-2", "out of range"),
        ("''", "not a whole number"),
        ("[1]", "a list of 1"),
        ("{a: 1}", "keys a"),
    ],
)
def test_a_number_is_only_what_every_reader_takes_for_it(place: Place, value: str, why: str) -> None:
    with pytest.raises(SpecError, match=why) as caught:
        resolve_text(place, f"{place.deployment}error_threshold: {value}\n")
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (4, 18)


def test_anchors_and_merge_keys_work_and_own_keys_win() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nc:\n  <<: [*b, *m]\n  x: own\nd: *b\n"
    assert plain(read(text).root) == {
        "base": {"x": "1", "y": "2"},
        "more": {"y": "3", "z": "4"},
        "c": {"x": "own", "y": "2", "z": "4"},
        "d": {"x": "1", "y": "2"},
    }


def test_an_alias_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    start = time.monotonic()
    assert "unfolds to more" in mistakes("\n".join(lines))[0]
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: " + "[" * 1_000, "a: " + "{b: " * 60 + "1" + "}" * 60]
)
def test_what_is_nested_without_end_is_refused(text: str) -> None:
    assert any(words in mistakes(text)[0] for words in ("unfolds to more", "nested too deeply"))


def test_a_large_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "big.yml"
    path.write_bytes(b"a: " + b"x" * 10_000_000)
    with pytest.raises(SpecError, match=f"larger than {MAX_BYTES // 1024} KiB"):
        load_yaml(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no\.yml"):
        load_yaml(tmp_path / "no.yml")
    with pytest.raises(SpecError, match="cannot be read"):
        load_yaml(tmp_path)


def test_bytes_of_windows_editors_are_read(tmp_path: Path) -> None:
    path = tmp_path / "w.yml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n  y\r\n")
    document = load_yaml(path, shown_as="w.yml")
    assert plain(document.root) == {"a": "1", "b": "x\ny\n"}
    assert document.root.keys["b"].line == 2
    assert document.folder == tmp_path
    assert isinstance(document.root.entries["a"], Scalar)
