import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bscore.errors import StorageError
from bscore.outputs import part as module
from bscore.outputs.part import PartFile


def test_chunks_stand_one_after_the_other(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "p")
    part.append([b"a,1\n", b"", b"b,2\n"])
    part.append([])
    part.append([b"%d\n" % i for i in range(5000)])
    part.sync()
    assert part.size == (tmp_path / "p").stat().st_size
    part.close()
    assert (tmp_path / "p").read_bytes() == b"a,1\nb,2\n" + b"".join(b"%d\n" % i for i in range(5000))


def test_a_part_is_never_created_over_another_file(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"rows of somebody")
    with pytest.raises(StorageError, match="already there"):
        PartFile(tmp_path / "p")
    (tmp_path / "link").symlink_to(tmp_path / "p")
    with pytest.raises(StorageError):
        PartFile(tmp_path / "link", existing=True)
    assert (tmp_path / "p").read_bytes() == b"rows of somebody"


def test_rows_of_everybody_can_be_read_by_everybody(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        PartFile(tmp_path / "p").close()
    finally:
        os.umask(before)
    assert (tmp_path / "p").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("way", ["_copy_range", "_send", "_read_write"])
def test_a_spool_file_is_appended_and_removed(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_copy_range", "_send", "_read_write"):
        if name != way:
            monkeypatch.setattr(module, name, getattr(module, way))
    rows = os.urandom(3_000_000)
    (tmp_path / "spool").write_bytes(rows)
    part = PartFile(tmp_path / "p")
    part.append([b"before"])
    assert part.append_spool(tmp_path / "spool") == len(rows)
    part.append([b"after"])
    part.close()
    assert (tmp_path / "p").read_bytes() == b"before" + rows + b"after"
    assert not (tmp_path / "spool").exists()


def test_a_way_of_copying_that_is_refused_gives_way_to_the_next(tmp_path: Path) -> None:
    # copy_file_range refuses a device, sendfile too: only reading and writing is left.
    target = os.open(tmp_path / "p", os.O_WRONLY | os.O_CREAT)
    source = os.open("/dev/zero", os.O_RDONLY)
    assert module.copy_into(source, target, 5_000_000) == 5_000_000
    os.close(source)
    os.close(target)
    assert (tmp_path / "p").stat().st_size == 5_000_000


def test_a_missing_spool_file_spoils_nothing(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "p")
    with pytest.raises(StorageError, match="were promised"):
        part.append_spool(tmp_path / "spool")
    part.append([b"still usable"])
    part.close()


def test_what_was_not_committed_is_cut(tmp_path: Path) -> None:
    with open(tmp_path / "p", "wb") as file:
        file.write(b"committed and not")
    part = PartFile(tmp_path / "p", existing=True)
    assert part.size == 17
    part.truncate(9)
    part.append([b"!"])
    part.close()
    assert (tmp_path / "p").read_bytes() == b"committed!"
    again = PartFile(tmp_path / "p", existing=True)
    with pytest.raises(StorageError, match="rows are lost"):
        again.truncate(11)
    again.close()


def test_a_full_disk_is_said_and_the_part_refuses_further_use() -> None:
    part = PartFile("/dev/full", existing=True)
    with pytest.raises(StorageError, match="No space left") as caught:
        part.append([b"rows"])
    assert "disk of /dev is full" in (caught.value.remedy or "")
    for use in (
        lambda: part.append([b"x"]),
        part.sync,
        lambda: part.truncate(0),
        lambda: part.append_spool("x"),
    ):
        with pytest.raises(StorageError, match="No space left"):
            use()
    part.close()


def test_a_failed_sync_is_never_tried_again() -> None:
    part = PartFile("/dev/full", existing=True)
    for _ in range(2):
        with pytest.raises(StorageError, match="Invalid argument"):
            part.sync()
    part.close()


@pytest.mark.parametrize("how", ["removed", "cut"])
@pytest.mark.parametrize("use", [PartFile.sync, lambda part: part.append([b"more\n"])])
def test_what_somebody_else_did_to_the_part_is_noticed_before_a_hole_is_written(
    tmp_path: Path, how: str, use: Callable[[PartFile], None]
) -> None:
    part = PartFile(tmp_path / "p")
    part.append([b"rows\n"])
    part.sync()
    if how == "removed":
        (tmp_path / "p").unlink()
    else:
        os.truncate(tmp_path / "p", 2)
    for _ in range(2):
        with pytest.raises(StorageError, match=f"was {how} by somebody else"):
            use(part)
    part.close()


def test_a_closed_part_says_so(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "p")
    part.close()
    part.close()
    with pytest.raises(StorageError, match="is closed"):
        part.append([b"x"])


def test_a_write_that_gets_half_way_is_counted_as_far_as_it_got(tmp_path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from bscore.errors import StorageError\n"
        "from bscore.outputs.part import PartFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "part = PartFile(sys.argv[1])\n"
        "try:\n"
        "    part.append([b'x' * 300] * 5)\n"
        "except StorageError as error:\n"
        "    print(part.size, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "p"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("1000 ")
    assert "File too large" in done.stdout
    assert "allows no larger file" in done.stdout
