import sys
import tomllib
import zipfile
from pathlib import Path

import fsspec
import pytest

from bscore.errors import UsageError
from bscore.inputs import urls
from bscore.inputs.check import check_inputs
from bscore.inputs.kinds import list_inputs
from bscore.inputs.manifest import Item, decode_items
from bscore.inputs.skipped import Skipped
from bscore.inputs.walk import InputError


def items(url: str) -> list[Item]:
    return decode_items(b"".join(b"".join(chunk) for chunk in list_inputs([url], Skipped())))


@pytest.fixture
def bucket() -> str:
    files = fsspec.filesystem("memory")
    files.pipe({f"/bucket/{name}": b"xy" for name in ("b/2.txt", "b/1.txt", "a.txt", "a/1.csv", "z.txt")})
    return "memory://bucket"


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        ("", ["a.txt", "z.txt", "a/1.csv", "b/1.txt", "b/2.txt"]),
        ("/b", ["b/1.txt", "b/2.txt"]),
        ("/z.txt", ["z.txt"]),
        ("/**/*.txt", ["a.txt", "b/1.txt", "b/2.txt", "z.txt"]),
        ("/?", ["a/1.csv", "b/1.txt", "b/2.txt"]),
    ],
)
def test_urls_are_listed_in_order_with_their_sizes(bucket: str, below: str, expected: list[str]) -> None:
    found = items(bucket + below)
    assert [item.path.decode() for item in found] == [f"memory:///bucket/{name}" for name in expected]
    assert all(item.size == 2 and item.mtime_ns > 1e18 for item in found)


def test_a_url_gives_a_sign_for_each_folder_also_where_it_holds_no_files() -> None:
    files = fsspec.filesystem("memory")
    for number in range(5):
        files.mkdirs(f"/hollow/{number}/none", exist_ok=True)
    files.pipe("/hollow/4/none/last", b"x")
    chunks = list(list_inputs(["memory://hollow"], Skipped()))
    assert (len(chunks), sum(map(len, chunks))) == (11, 1)


def test_members_of_an_archive_keep_the_archive_in_their_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("d/one.txt", "1")
        archive.writestr("d/two.txt", "22")
    found = items(f"zip://d::file://{tmp_path}/all.zip")
    assert [(item.path.decode(), item.size) for item in found] == [
        (f"zip://d/one.txt::file://{tmp_path}/all.zip", 1),
        (f"zip://d/two.txt::file://{tmp_path}/all.zip", 2),
    ]
    with fsspec.open(found[1].path.decode()) as file:
        assert file.read() == b"22"


@pytest.mark.parametrize("url", ["memory://nothing/there", "nosuchscheme://a"])
def test_what_is_not_there_is_said(url: str) -> None:
    with pytest.raises(InputError, match="cannot be listed"):
        items(url)


@pytest.mark.parametrize(
    "url", ["https://host.invalid/a", "http://host.invalid/a", "zip://a::https://h.invalid/z"]
)
def test_a_file_system_that_is_not_installed_is_named_with_its_command(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("aiohttp", "fsspec.implementations.http"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError) as caught:
        check_inputs([url])
    assert caught.value.remedy == f"Install what it needs: {sys.executable} -m pip install 'bscore[http]'"


def test_every_extra_that_is_named_can_be_installed() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert set(urls.EXTRAS.values()) <= project["optional-dependencies"].keys()
