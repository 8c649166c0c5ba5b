"""Trees that the app's tests share; nothing of this machine's settings gets in."""

from pathlib import Path

import pytest

from golden_generator import Golden, generate


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job that is over, with failures and lost workers."""
    tree = tmp_path_factory.mktemp("ended") / "golden"
    generate(
        tree, Golden(nodes=3, workers=4, mini_batches=400, error_groups=5, lost_workers=2, retry_share=0.05)
    )
    return tree


@pytest.fixture(scope="session")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job that stands in its middle."""
    tree = tmp_path_factory.mktemp("halfway") / "golden"
    golden = Golden(nodes=3, workers=4, mini_batches=400, error_groups=5, retry_share=0.05, share=0.5)
    generate(tree, golden)
    return tree


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are saved into an empty folder, times are UTC."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
