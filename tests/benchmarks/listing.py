"""Prints what listing costs, as ratios within one run: python tests/benchmarks/listing.py [--large]."""

from __future__ import annotations

import argparse
import os
import select
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import fsspec

from bscore.inputs.listing import Listing, ListingState
from bscore.inputs.manifest import Manifest


def scandir_all(root: str, *, stat: bool) -> int:
    """Files below a folder by the plainest loop there is."""
    count, stack = 0, [root]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                else:
                    count += 1
                    if stat:
                        entry.stat(follow_symlinks=False)
    return count


def listing(inputs: list[str], size: int = 10) -> tuple[float, float, int]:
    """Seconds until the first mini-batch is known, until the end, and items; the process start included."""
    with tempfile.TemporaryDirectory() as checkpoint:
        began = time.perf_counter()
        first = 0.0
        lister = Listing.start(inputs, size, checkpoint)
        items = 0
        while lister.fileno() >= 0:
            select.select([lister], [], [])
            for said in lister.poll():
                assert said.state is not ListingState.FAILED, said.reason
                first = first or time.perf_counter() - began
                items = said.items
        return first, time.perf_counter() - began, items


def timed(work: Callable[[], object]) -> float:
    """Seconds, the better of two: the first warms the caches."""
    best = float("inf")
    for _ in range(2):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def make_tree(root: Path, folders: int, files: int) -> None:
    """`folders` folders of `files` empty files each."""
    for i in range(folders):
        (root / f"{i:04}").mkdir(parents=True)
        for j in range(files):
            os.close(os.open(f"{root}/{i:04}/image-{j:07}.png", os.O_CREAT | os.O_WRONLY))


def say(what: str, seconds: float, items: int, unit: float) -> None:
    """One line."""
    print(f"{what:<52} {seconds:8.3f} s {items / seconds / 1e6:7.2f} M/s {seconds / unit:6.2f} x")


def compare_ways(root: Path, items: int) -> None:
    """The lister against the plainest loop and fsspec."""
    plain = timed(lambda: scandir_all(str(root), stat=True))
    say("os.scandir, sorted, stat", plain, items, plain)
    say("os.scandir, sorted, names only", timed(lambda: scandir_all(str(root), stat=False)), items, plain)
    local = fsspec.filesystem("file")
    say("fsspec find(detail)", timed(lambda: local.find(str(root), detail=True)), items, plain)
    for inputs in ([str(root)], [f"{root}/**/*.png"]):
        first, end, count = min(listing(inputs) for _ in range(2))
        assert count == items
        say(f"lister, {Path(inputs[0]).name}", end, items, plain)
        print(f"{'  first mini-batch after':<52} {first:8.3f} s")


def list_file(path: Path, lines: int) -> None:
    """A list file of so many lines."""
    with open(path, "wb") as file:
        for start in range(0, lines, 100_000):
            stop = min(lines, start + 100_000)
            file.write(b"".join(b"/data/images/folder/%012d.png\n" % i for i in range(start, stop)))
    began = time.perf_counter()
    with open(path, "rb") as file:
        assert sum(1 for _ in file) == lines
    plain = time.perf_counter() - began
    first, end, count = listing([f"@{path}"])
    assert count == lines
    say(f"list file of {lines:,} lines: for line in file", plain, lines, plain)
    say("  lister", end, lines, plain)
    print(f"{'  first mini-batch after':<52} {first:8.3f} s")


def reader_memory(folder: Path) -> None:
    """What the master holds for a manifest."""
    lister = Listing.start([f"@{folder}/list"], 10, folder)
    while lister.fileno() >= 0:
        select.select([lister], [], [])
        lister.poll()
    tracemalloc.start()
    with Manifest(folder) as manifest:
        extent = manifest.extent()
        began = time.perf_counter()
        for first in range(0, extent.mini_batches - 32, 32):
            manifest.mini_batches(first, 32)
        seconds = time.perf_counter() - began
        held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{'Manifest, ' + format(extent.items, ',') + ' items: held / peak':<52} {held:,} / {peak:,} bytes")
    print(f"{'  reading, per mini-batch':<52} {seconds / extent.mini_batches * 1e6:8.2f} us (traced)")


def main() -> int:
    """Small by default: under a minute."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true", help="1,000,000 files twice and 10,000,000 lines")
    large = parser.parse_args().large
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_tree(root / "many", 1000 if large else 200, 1000)
        compare_ways(root / "many", 1_000_000 if large else 200_000)
        make_tree(root / "one", 1, 1_000_000 if large else 100_000)
        compare_ways(root / "one", 1_000_000 if large else 100_000)
        list_file(root / "list", 10_000_000 if large else 1_000_000)
        reader_memory(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
