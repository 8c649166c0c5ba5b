import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.errors import UsageError
from bscore.inputs import lister
from bscore.inputs import manifest as module
from bscore.inputs.lister import run
from bscore.inputs.listing import Listing, ListingProgress, ListingState
from bscore.inputs.manifest import Manifest, decode_items


class Heard:
    """Notes what a lister says; may stop hearing, as a reader that dies."""

    def __init__(self, dies_after: int = 1 << 30) -> None:
        self.facts: list[dict[str, Any]] = []
        self._left = dies_after

    def progress(self, mini_batches: int, items: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise BrokenPipeError
        self.facts.append({"mini_batches": mini_batches, "items": items, "state": "listing"})

    def found(self, mini_batches: int) -> None:
        """How far nothing is missing is looked at elsewhere."""

    def last(self, **facts: Any) -> None:
        self.facts.append(facts)


def names(checkpoint: Path) -> list[bytes]:
    with Manifest(checkpoint) as manifest:
        return [item.path for item in decode_items(b"".join(manifest.blocks()))]


def request(inputs: list[str], checkpoint: Path, size: int = 3, *, resume: bool = True) -> dict[str, Any]:
    return {"inputs": inputs, "mini_batch_size": size, "checkpoint": str(checkpoint), "resume": resume}


def hear(listing: Listing) -> list[ListingProgress]:
    said: list[ListingProgress] = []
    while listing.fileno() >= 0:
        readable, _, _ = select.select([listing], [], [], 30)
        assert readable, "the lister said nothing for 30 s"
        said += listing.poll()
    listing.stop()
    return said


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    (tmp_path / "checkpoint").mkdir()
    return tmp_path / "checkpoint"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for i in range(5):
        (tmp_path / f"data/{i}").mkdir(parents=True)
        for j in range(20):
            (tmp_path / f"data/{i}/{j:02}").write_bytes(b"x" * j)
    return tmp_path / "data"


def test_a_listing_says_that_it_goes_on_where_no_mini_batch_becomes_whole(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(30):
        (tmp_path / f"data/{i:02}/none").mkdir(parents=True)
    for name in ("data/00/first", "data/99"):
        (tmp_path / name).touch()
    monkeypatch.setattr(lister, "_TOLD_EVERY_S", 0.0)
    heard = Heard()
    run(request([f"{tmp_path}/data/**/first"], checkpoint, 1), heard)
    assert len([fact for fact in heard.facts if fact["state"] == "listing"]) > 30


def test_a_manifest_that_cannot_grow_is_named_not_the_inputs(data: Path, checkpoint: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        listing = Listing.start([str(data)], 7, checkpoint)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    last = hear(listing)[-1]
    assert last.state is ListingState.FAILED
    assert last.reason == (
        f"{checkpoint}/manifest cannot be written: File too large. "
        f"The file system or `ulimit -f` allows no larger file in {checkpoint}."
    )


def test_a_listing_ends_with_everything_in_the_manifest(data: Path, checkpoint: Path) -> None:
    listing = Listing.start([str(data)], 7, checkpoint)
    assert os.getpgid(listing.pid) == listing.pid
    said = hear(listing)
    assert said[-1] == ListingProgress(15, 100, ListingState.FINISHED)
    totals = [one.mini_batches for one in said]
    assert totals == sorted(totals)
    assert names(checkpoint) == [os.fsencode(data / f"{i}/{j:02}") for i in range(5) for j in range(20)]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_number_of_crashes_gives_each_item_exactly_once(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        checkpoint = root / "checkpoint"
        checkpoint.mkdir()
        for i in range(4):
            (root / f"data/{i}").mkdir(parents=True)
            for j in range(6):
                (root / f"data/{i}/{j}").touch()
        (root / "list").write_bytes(b"".join(b"/listed/%d\n" % (i // 2) for i in range(20)))
        inputs = [f"{root}/data", f"@{root}/list", f"{root}/data/1", f"{root}/data/*/3"]
        expected = Counter(_uninterrupted(root, inputs))
        size = data.draw(st.integers(1, 9))
        for _ in range(data.draw(st.integers(1, 4))):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "BLOCK_MINI_BATCHES", 2)
                try:
                    run(request(inputs, checkpoint, size), Heard(data.draw(st.integers(0, 9))))
                except BrokenPipeError:
                    _cut(data, checkpoint / "manifest")
                    _cut(data, checkpoint / "manifest.index")
        run(request(inputs, checkpoint, size), Heard())
        assert Counter(names(checkpoint)) == expected


def _uninterrupted(root: Path, inputs: list[str]) -> list[bytes]:
    (root / "whole").mkdir()
    run(request(inputs, root / "whole", 5, resume=False), Heard())
    return names(root / "whole")


def _cut(data: st.DataObject, path: Path) -> None:
    size = path.stat().st_size
    os.truncate(path, max(0, size - data.draw(st.integers(0, 200))))


def test_kept_mini_batches_keep_their_numbers(data: Path, checkpoint: Path) -> None:
    with pytest.raises(BrokenPipeError):
        run(request([str(data)], checkpoint), Heard(3))
    before = names(checkpoint)
    assert 0 < len(before) < 100
    (data / "0/00-new").touch()
    (data / "0/01").unlink()
    heard = Heard()
    run(request([str(data)], checkpoint), heard)
    after = names(checkpoint)
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 101
    assert heard.facts[0] == {"mini_batches": len(before) // 3, "items": len(before), "state": "listing"}
    assert heard.facts[-1]["changes"] == [1, 0, 0, [f"missing: {data}/0/01"]]


def test_a_complete_listing_is_only_compared(data: Path, checkpoint: Path) -> None:
    hear(Listing.start([str(data), f"{data}/0/03"], 7, checkpoint))
    before = names(checkpoint)
    (data / "0/03").unlink()
    (data / "1/03").write_bytes(b"other size")
    (data / "2/new").touch()
    said = hear(Listing.start([str(data), f"{data}/0/03"], 7, checkpoint, resume=True))
    first, second = (one for one in said if one.state is ListingState.FINISHED)
    assert all(one.found == 0 for one in said), "the fourth item may be missing until all are compared"
    assert (first.state, first.items, first.changes) == (ListingState.FINISHED, 101, None)
    assert second.changes is not None
    assert (second.changes.missing, second.changes.changed, second.changes.added) == (2, 1, 1)
    assert second.changes.first_names == (
        f"changed: {data}/1/03",
        f"added: {data}/2/new",
        f"missing: {data}/0/03",
        f"missing: {data}/0/03",
    )
    assert names(checkpoint) == before


def test_nothing_changed_is_said_too(data: Path, checkpoint: Path) -> None:
    hear(Listing.start([str(data)], 7, checkpoint))
    changes = hear(Listing.start([str(data)], 7, checkpoint, resume=True))[-1].changes
    assert changes is not None
    assert not changes


def test_a_lister_that_is_killed_is_a_failure_and_resumes(tmp_path: Path, checkpoint: Path) -> None:
    pipe = tmp_path / "list"
    os.mkfifo(pipe)
    listing = Listing.start([f"@{pipe}"], 2, checkpoint)
    with open(pipe, "wb", buffering=0) as feed:
        feed.write(b"/0\n/1\n/2\n")
        select.select([listing], [], [], 30)
        assert listing.poll()[-1].items == 2
        os.kill(listing.pid, signal.SIGKILL)
        failed = hear(listing)[-1]
    assert failed.state is ListingState.FAILED
    assert "signal 9" in failed.reason
    pipe.unlink()
    pipe.write_bytes(b"".join(b"/%d\n" % i for i in range(5)))
    assert hear(Listing.start([f"@{pipe}"], 2, checkpoint, resume=True))[-1].state is ListingState.FINISHED
    assert names(checkpoint) == [b"/%d" % i for i in range(5)]


def test_a_lister_can_be_stopped_at_any_moment(tmp_path: Path, checkpoint: Path) -> None:
    os.mkfifo(tmp_path / "list")
    listing = Listing.start([f"@{tmp_path}/list"], 2, checkpoint)
    listing.stop()
    assert listing.fileno() == -1
    assert listing.poll() == []
    with pytest.raises(ProcessLookupError):
        os.kill(listing.pid, 0)


def test_a_lister_never_outlives_its_master(tmp_path: Path, checkpoint: Path) -> None:
    os.mkfifo(tmp_path / "list")
    code = (
        "import sys, time\n"
        "from bscore.inputs.listing import Listing\n"
        "listing = Listing.start([sys.argv[1]], 2, sys.argv[2])\n"
        "print(listing.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, f"@{tmp_path}/list", str(checkpoint)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as master:
        assert master.stdout is not None
        lister = os.pidfd_open(int(master.stdout.readline()))
        master.kill()
    ended, _, _ = select.select([lister], [], [], 10)
    os.close(lister)
    assert ended


def test_a_lister_that_cannot_start_says_why(data: Path, checkpoint: Path) -> None:
    environment = {"PYTHONHOME": "/nonexistent"}
    (failed,) = hear(Listing.start([str(data)], 2, checkpoint, environment=environment))
    assert failed.state is ListingState.FAILED
    assert "exit code 1" in failed.reason
    assert "encodings" in failed.reason


@pytest.mark.parametrize(
    ("given_input", "words"),
    [("nowhere", "No such file"), ("@nowhere", "cannot be read"), ("empty", "No files")],
)
def test_inputs_that_cannot_be_listed_are_told(
    tmp_path: Path, checkpoint: Path, given_input: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    failed = hear(Listing.start([given_input], 2, checkpoint))[-1]
    assert failed.state is ListingState.FAILED
    assert words in failed.reason


def test_names_that_are_no_text_survive_the_way_to_the_lister(tmp_path: Path, checkpoint: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff\n\xe9")
    odd.mkdir()
    (odd / "x").touch()
    assert hear(Listing.start([str(odd)], 2, checkpoint))[-1].items == 1
    assert names(checkpoint) == [os.fsencode(odd / "x")]


def test_modules_beside_the_user_are_not_imported(
    data: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(data)
    assert hear(Listing.start(["."], 2, checkpoint))[-1].items == 101


def test_a_mini_batch_needs_an_item(checkpoint: Path) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        Listing.start(["."], 0, checkpoint)


def test_the_lister_imports_nothing_heavy() -> None:
    heavy = {"pandas", "numpy", "pydantic", "click", "yaml", "psutil", "fsspec", "asyncio", "subprocess"}
    code = "import sys, bscore.inputs.lister; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert not heavy & set(loaded.stdout.split())
