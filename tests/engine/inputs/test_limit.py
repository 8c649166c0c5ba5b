"""A listing that ends after so many items, also when it was interrupted on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bscore.inputs import manifest as module
from bscore.inputs.lister import run
from bscore.inputs.manifest import Manifest, decode_items


class Heard:
    """Notes what a lister says; stops hearing after so many times."""

    def __init__(self, dies_after: int = 1 << 30) -> None:
        self.facts: list[dict[str, Any]] = []
        self._left = dies_after

    def progress(self, mini_batches: int, items: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise BrokenPipeError

    def found(self, mini_batches: int) -> None:
        """How far nothing is missing is looked at elsewhere."""

    def last(self, **facts: Any) -> None:
        self.facts.append(facts)


def listed(checkpoint: Path) -> list[bytes]:
    with Manifest(checkpoint) as manifest:
        return [item.path for item in decode_items(b"".join(manifest.blocks()))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("a", "b"):
        (tmp_path / "data" / part).mkdir(parents=True)
        for number in range(30):
            (tmp_path / "data" / part / f"{number:02d}").touch()
    (tmp_path / "checkpoint").mkdir()
    return tmp_path


def request(folder: Path, limit: int | None, *, resume: bool = False) -> dict[str, Any]:
    return {
        "inputs": [str(folder / "data")],
        "mini_batch_size": 4,
        "checkpoint": str(folder / "checkpoint"),
        "resume": resume,
        "limit": limit,
    }


@pytest.mark.parametrize("limit", [1, 4, 30, 37, 60, 1000])
def test_the_first_items_are_listed_in_the_same_order(folder: Path, limit: int) -> None:
    heard = Heard()
    run(request(folder, limit), heard)
    names = [str(folder / "data" / part / f"{number:02d}").encode() for part in "ab" for number in range(30)]
    assert listed(folder / "checkpoint") == names[:limit]
    assert heard.facts[-1]["items"] == min(limit, 60)


@pytest.mark.parametrize("dies_after", range(4))
def test_an_interrupted_listing_ends_at_the_same_item(
    folder: Path, dies_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK_MINI_BATCHES", 1)
    monkeypatch.setattr(module, "FLUSH_AFTER_S", 0.0)
    with pytest.raises(BrokenPipeError):
        run(request(folder, 37), Heard(dies_after))
    run(request(folder, 37, resume=True), Heard())
    assert len(listed(folder / "checkpoint")) == 37
    assert len(set(listed(folder / "checkpoint"))) == 37


def test_what_lies_behind_the_limit_is_no_news_on_resume(folder: Path) -> None:
    run(request(folder, 37), Heard())
    heard = Heard()
    run(request(folder, 37, resume=True), heard)
    assert [fact["state"] for fact in heard.facts] == ["finished"]
    assert "changes" not in heard.facts[0]
