import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscore.errors import StorageError
from bscore.inputs import manifest as module
from bscore.inputs.manifest import (
    Extent,
    Item,
    Manifest,
    ManifestWriter,
    decode_items,
    encode_item,
    split_records,
)
from bscore.inputs.repair import ManifestFiles
from bscore.logtree import paths

PATHS = st.binary(min_size=1, max_size=30).map(lambda raw: b"/" + raw.replace(b"\0", b"\n"))
ITEMS = st.lists(
    st.builds(Item, PATHS, st.integers(-1, 1 << 62), st.integers(-1, 1 << 62)), min_size=1, max_size=60
)
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def write(folder: Path, items: list[Item], size: int, said: list[tuple[int, int]] | None = None) -> Extent:
    with ManifestFiles(str(folder), resume=True) as files:
        writer = ManifestWriter(
            files.data,
            files.index,
            files.extent,
            size,
            lambda mini_batches, count: (said if said is not None else []).append((mini_batches, count)),
            time.monotonic,
        )
        writer.add([encode_item(*item) for item in items])
        return writer.finish()


def clear(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def test_names_agree_with_the_log_tree() -> None:
    assert f"{paths.CHECKPOINT}/{module.DATA_NAME}" == paths.MANIFEST
    assert f"{paths.CHECKPOINT}/{module.INDEX_NAME}" == paths.MANIFEST_INDEX


@SAME_FOLDER
@given(items=ITEMS, size=st.integers(1, 20))
def test_any_names_come_back_in_order(tmp_path: Path, items: list[Item], size: int) -> None:
    clear(tmp_path)
    extent = write(tmp_path, items, size)
    with Manifest(tmp_path) as manifest:
        assert manifest.extent() == extent
        assert extent.items == len(items)
        found = [item for i in range(extent.mini_batches) for item in manifest.items(i)]
        assert found == items
        sizes, blob = manifest.mini_batches(0, extent.mini_batches)
        assert sum(count for count, _ in sizes) == len(items)
        assert all(count == size for count, _ in sizes[:-1])
        assert sum(nbytes for _, nbytes in sizes) == len(blob) == extent.nbytes
        assert decode_items(blob) == items
        assert b"".join(split_records(blob)) == blob == b"".join(manifest.blocks())


@SAME_FOLDER
@given(items=ITEMS, size=st.integers(1, 7), first=st.integers(0, 5), count=st.integers(0, 5))
def test_a_range_is_read_as_its_mini_batches_one_by_one(
    tmp_path: Path, items: list[Item], size: int, first: int, count: int
) -> None:
    clear(tmp_path)
    total = write(tmp_path, items, size).mini_batches
    first = min(first, total - 1)
    count = min(count, total - first)
    with Manifest(tmp_path) as manifest:
        single = [manifest.mini_batches(i, 1) for i in range(first, first + count)]
        sizes, blob = manifest.mini_batches(first, count)
    assert sizes == [one[0][0] for one in single]
    assert blob == b"".join(one[1] for one in single)


@SAME_FOLDER
@given(
    items=ITEMS,
    size=st.integers(1, 7),
    data_cut=st.integers(0, 3000),
    index_cut=st.integers(0, 300),
    zeroed=st.booleans(),
)
def test_what_a_crash_leaves_is_cut_to_whole_mini_batches(
    tmp_path: Path, items: list[Item], size: int, data_cut: int, index_cut: int, zeroed: bool
) -> None:
    clear(tmp_path)
    write(tmp_path, items, size)
    data, index = tmp_path / "manifest", tmp_path / "manifest.index"
    whole = data.stat().st_size
    os.truncate(data, min(whole, data_cut))
    if zeroed:
        os.truncate(data, whole)
    os.truncate(index, min(index.stat().st_size, index_cut))
    with ManifestFiles(str(tmp_path), resume=True) as files:
        extent = files.extent
    assert (data.stat().st_size, index.stat().st_size) == (extent.nbytes, extent.mini_batches * 16)
    with Manifest(tmp_path) as manifest:
        kept = decode_items(b"".join(manifest.blocks()))
    assert kept == items[: len(kept)]
    assert len(kept) == extent.items
    if data_cut >= whole:
        assert extent.mini_batches == min(-(-len(items) // size), index_cut // 16)


def test_the_first_mini_batch_is_there_before_the_second_is_whole(tmp_path: Path) -> None:
    said: list[tuple[int, int]] = []
    with ManifestFiles(str(tmp_path), resume=False) as files:
        writer = ManifestWriter(
            files.data, files.index, files.extent, 3, lambda *total: said.append(total), time.monotonic
        )
        writer.add([encode_item(b"/%d" % i) for i in range(4)])
        assert said == [(1, 3)]
        with Manifest(tmp_path) as manifest:
            assert manifest.names(0) == ["0", "1", "2"]
            assert manifest.extent() == Extent(1, 3, 3 * 9)
            with pytest.raises(StorageError, match="ends early"):
                manifest.mini_batches(1, 1)


def test_a_whole_mini_batch_does_not_wait_long_for_the_next(tmp_path: Path) -> None:
    now = [0.0]
    said: list[int] = []
    with ManifestFiles(str(tmp_path), resume=False) as files:
        writer = ManifestWriter(
            files.data, files.index, files.extent, 1, lambda count, _: said.append(count), lambda: now[0]
        )
        writer.add([encode_item(b"/x")] * 7)
        writer.add([encode_item(b"/x")] * 3)
        assert said == [1, 3, 7]
        now[0] = 1.0
        writer.add([encode_item(b"/x")])
        assert said == [1, 3, 7, 11]


def test_names_are_fit_to_be_shown(tmp_path: Path) -> None:
    write(tmp_path, [Item(b"/a/\xff\nb", -1, -1), Item("/ü/é".encode(), 0, 0)], 2)
    with Manifest(tmp_path) as manifest:
        assert manifest.names(0) == ["\\xff\nb", "é"]
        manifest.sync()


def test_a_new_run_never_touches_an_old_manifest(tmp_path: Path) -> None:
    write(tmp_path, [Item(b"/a", 1, 1)], 1)
    with pytest.raises(StorageError, match="already holds"):
        ManifestFiles(str(tmp_path), resume=False)


def test_two_listers_never_write_at_once(tmp_path: Path) -> None:
    with ManifestFiles(str(tmp_path), resume=False), pytest.raises(StorageError, match="still listing"):
        ManifestFiles(str(tmp_path), resume=True, wait_s=0)


def test_the_reader_holds_nothing_per_item(tmp_path: Path) -> None:
    import tracemalloc

    record = encode_item(b"/some/folder/name-of-a-file.txt")
    with ManifestFiles(str(tmp_path), resume=False) as files:
        writer = ManifestWriter(files.data, files.index, files.extent, 10, lambda *_: None, time.monotonic)
        for _ in range(100):
            writer.add([record] * 2000)
        writer.finish()
    tracemalloc.start()
    with Manifest(tmp_path) as manifest:
        for first in range(0, 20_000, 500):
            manifest.mini_batches(first, 32)
        held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 50_000
