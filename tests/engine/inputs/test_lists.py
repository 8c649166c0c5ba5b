import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscore.inputs import lists
from bscore.inputs.kinds import list_inputs
from bscore.inputs.manifest import decode_items
from bscore.inputs.skipped import Skipped
from bscore.inputs.walk import InputError


def listed(path: Path) -> list[bytes]:
    items = decode_items(b"".join(b"".join(chunk) for chunk in list_inputs([f"@{path}"], Skipped())))
    assert all((item.size, item.mtime_ns) == (-1, -1) for item in items)
    return [item.path for item in items]


def test_one_path_a_line_and_nothing_has_to_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = os.fsencode(tmp_path)
    text = b"/abs\n\nrel/x\n   \n./rel\n with space \nfile:///a%20b\ns3://bucket/k%20\nlast"
    (tmp_path / "list").write_bytes(text)
    assert listed(tmp_path / "list") == [
        b"/abs", here + b"/rel/x", here + b"/rel", here + b"/ with space ",
        b"/a b", b"s3://bucket/k%20", here + b"/last",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"/a\r\n/b\r\n", [b"/a", b"/b"]),
        (b"/a\n/b\r\n", [b"/a", b"/b\r"]),
        (b"\xef\xbb\xbf/a\n", [b"/a"]),
        (b"/a\nb\0/c\0", [b"/a\nb", b"/c"]),
        (b"\n\n", []),
        (b"", []),
    ],
    ids=["windows", "not-windows", "byte-order-mark", "print0", "blank", "empty"],
)
def test_separators(tmp_path: Path, text: bytes, expected: list[bytes]) -> None:
    (tmp_path / "list").write_bytes(text)
    assert listed(tmp_path / "list") == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.lists(st.binary(min_size=1, max_size=8).filter(lambda raw: not set(raw) & set(b"\0\n\r"))),
    block=st.integers(1, 20),
)
def test_blocks_may_end_anywhere(tmp_path: Path, names: list[bytes], block: int) -> None:
    paths = [b"/" + name for name in names]
    (tmp_path / "list").write_bytes(b"\n".join(paths))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "_FIRST_BLOCK", block)
        patch.setattr(lists, "_LARGEST_BLOCK", block)
        assert listed(tmp_path / "list") == paths


def test_a_list_that_turns_binary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"/a\n" * 5000 + b"\0")
    with pytest.raises(InputError, match="NUL"):
        listed(tmp_path / "list")


def test_another_host_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"file://server/share/x\n")
    with pytest.raises(InputError, match="another host"):
        listed(tmp_path / "list")


def test_a_list_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        listed(tmp_path / "none")
