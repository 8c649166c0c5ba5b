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


ASSET = "$schema: https://a.b/latest/data.schema.json\nname: d\ntype: uri_folder\npath: {path}\n"
TABLE = "paths:\n  - file: ./a.csv\ntransformations:\n  - read_delimited\n"


@pytest.mark.parametrize(
    ("name", "text", "given", "words"),
    [
        ("asset.yml", ASSET.format(path="images"), "asset.yml", "data asset.*\n.*--input {here}/images$"),
        ("asset.yaml", "path: azureml:d:1\ntype: uri_file\n", "asset.yaml", "data asset.*\nCopy the data"),
        ("asset.yml", "path: x\ntype: mltable\n", "asset.yml", "is an MLTable"),
        ("images/MLTable", TABLE, "images/MLTable", "is an MLTable"),
        ("images/MLTable", TABLE, "images", "is an MLTable"),
        ("table.yml", TABLE, "table.yml", "is an MLTable"),
    ],
)
def test_what_describes_data_is_not_taken_for_it(
    here: Path, name: str, text: str, given: str, words: str
) -> None:
    (here / name).write_text(text)
    with pytest.raises(UsageError, match=words.format(here=here)):
        check_inputs([given])


@pytest.mark.parametrize("text", ["path: x\n", "- a\n", "type: uri_file\n", "a: [", "", "\0"])
def test_other_yaml_files_are_items_like_any(here: Path, text: str) -> None:
    (here / "item.yml").write_text(text)
    (here / "images/asset.yml").write_text(ASSET)
    check_inputs(["item.yml", "images", "images/*.yml"])


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
