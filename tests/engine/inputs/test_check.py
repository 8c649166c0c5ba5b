import os
from pathlib import Path

import pytest

from bscore.errors import NotFoundError, UsageError
from bscore.inputs.check import check_inputs


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "images/deep").mkdir(parents=True)
    (tmp_path / "images/deep/a.png").touch()
    (tmp_path / "empty/below").mkdir(parents=True)
    (tmp_path / "list").write_text("/nowhere/x\n")
    (tmp_path / "blank").write_text("\n\n")
    (tmp_path / "dangling").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "good",
    [
        "images",
        "./images/deep/a.png",
        "images/**/*.png",
        "@list",
        "im*",
        "file://{here}/images",
        "@file://{here}/list",
    ],
)
def test_good_inputs_pass(here: Path, good: str) -> None:
    check_inputs([good.format(here=here), "images"])


@pytest.mark.parametrize(
    ("bad", "kind", "words"),
    [
        ("imags", NotFoundError, "There is no .*imags.*\n.*Did you mean .*/images?"),
        ("images/dep/x/y", NotFoundError, "Did you mean .*/images/deep?"),
        ("zzzzzz", NotFoundError, "holds no zzzzzz"),
        ("empty", UsageError, "holds no files"),
        ("images/*.jpg", UsageError, "No file matches"),
        ("imges/*.jpg", NotFoundError, "Did you mean .*/images?"),
        ("@lis", NotFoundError, "list file.*\n.*Did you mean .*/list?"),
        ("@blank", UsageError, "names no path"),
        ("@images", UsageError, "./@images"),
        ("@pipe", UsageError, "is a pipe"),
        ("pipe", UsageError, "is a pipe"),
        ("/dev/null", UsageError, "is a device"),
        ("dangling", NotFoundError, "link to gone"),
        ("list/x", NotFoundError, "There is no"),
        ("", UsageError, "empty text"),
        ("file://server/x", UsageError, "another host"),
        ("nosuchscheme://x/y", UsageError, "nosuchscheme"),
        ("memory://nothing", UsageError, "cannot be listed"),
    ],
)
@pytest.mark.usefixtures("here")
def test_bad_inputs_are_named_with_what_to_do(
    here: Path, bad: str, kind: type[UsageError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        check_inputs(["images", bad.format(here=here)])
    assert caught.value.exit_code == 2


def test_no_input_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="No input"):
        check_inputs([])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_refused(here: Path) -> None:
    (here / "images").chmod(0)
    try:
        with pytest.raises(UsageError, match="cannot be read"):
            check_inputs(["images"])
    finally:
        (here / "images").chmod(0o700)
