"""Environments built for real, from packages made on the spot: shared, waited for, started over, kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from select import select
from types import SimpleNamespace

import pytest

from bscore.cli import run_command
from bscore.environments.cache import Cache
from bscore.environments.interpreters import all_interpreters
from bscore.environments.python_versions import OLDEST, shown
from bscore.environments.resolve import find_interpreter
from bscore.errors import NotFoundError, UsageError
from bscore.spec.config import EnvironmentSource, JobConfig
from bscore.spec.problems import SpecError
from tiny_packages import make_slow_package, make_wheel

pytestmark = pytest.mark.slow

_CHILD = """
import sys
from pathlib import Path
from bscore.environments.resolve import find_interpreter
from bscore.spec.config import EnvironmentSource, JobConfig
home, file = map(Path, sys.argv[1:])
source = EnvironmentSource(conda_file=file)
config = JobConfig("job", home, "score.py", (), home, environment=source)
found = find_interpreter(config, home, lambda line: print(line, flush=True))
print("found", found.path, flush=True)
"""


def job(file: Path | None = None, **source: str) -> JobConfig:
    where = (file or Path("/")).parent
    environment = EnvironmentSource(conda_file=file, **source)
    return JobConfig("job", where, "score.py", (), where, environment=environment)


def start_child(home: Path, file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CHILD, str(home), str(file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def end(*children: subprocess.Popen[str]) -> None:
    for child in children:
        child.kill()
        child.wait(60)
        assert child.stdout is not None
        child.stdout.close()


def read_until(child: subprocess.Popen[str], begin: str) -> list[str]:
    """The lines of a child up to the first that begins so."""
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(begin):
            return lines
    raise AssertionError(f"the child ended without saying {begin!r}: {lines}")


def wait_for(folder: Path, pattern: str, count: int = 1) -> list[Path]:
    limit_s = time.monotonic() + 60
    while len(found := sorted(folder.glob(pattern))) < count:
        assert time.monotonic() < limit_s, f"no {pattern} in {folder}"
        time.sleep(0.01)
    return found


def cheapest() -> str:
    """The newest Python of this machine, as a conda file names it: from 3.12 on, only pip is installed."""
    newest = max(one.version for one in all_interpreters() if one.usual and one.builds)
    return f"python={shown(newest[:2])}"


def run(python: Path, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """An environment that three processes asked for: the first was killed in the middle of pip.

    The second waited for the first and its orphaned installer, the third for the second.
    """
    place = tmp_path_factory.mktemp("built")
    home = place / "home"
    slow = make_slow_package(place, "slowpack")
    make_wheel(place / "wheels", "tinypack")
    file = place / "requirements.txt"
    file.write_text("--no-index\n--find-links wheels\ntinypack==1.0\n./slowpack\n")
    children = [start_child(home, file)]
    try:
        (orphan,) = wait_for(slow, "build/started-*")
        children.append(start_child(home, file))
        second = read_until(children[1], "another job is building")
        children[0].send_signal(signal.SIGKILL)
        children[0].wait(60)
        orphaned = Cache(home).listed()[0].state
        os.killpg(os.getpgid(int(orphan.name.removeprefix("started-"))), signal.SIGKILL)
        wait_for(slow, "build/started-*", 2)
        children.append(start_child(home, file))
        third = read_until(children[2], "another job is building")
        (slow / "build/go").touch()
        second += read_until(children[1], "found")
        third += read_until(children[2], "found")
        assert [child.wait(60) for child in children[1:]] == [0, 0]
    finally:
        (slow / "build/go").touch()
        end(*children)
    return SimpleNamespace(place=place, home=home, file=file, second=second, third=third, orphaned=orphaned)


def test_of_two_jobs_one_builds_and_the_other_waits(built: SimpleNamespace) -> None:
    assert [line.split(" ")[0] for line in built.third] == ["another", "found"]
    assert built.second[-1] == built.third[-1]
    assert any(line.startswith("Installing collected packages:") for line in built.second)
    assert any(line.startswith("built environment requirements in ") for line in built.second)


def test_a_build_that_was_killed_is_started_over(built: SimpleNamespace) -> None:
    """Not before the orphaned installer is gone, which writes into the same folder."""
    assert built.orphaned == "being built"
    assert built.second[0].startswith("another job is building")
    assert built.second[1].startswith("building environment requirements (")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_build_that_is_told_to_end_takes_its_installer_along_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    slow = make_slow_package(tmp_path, "slowpack")
    file = tmp_path / "requirements.txt"
    file.write_text("--no-index\n./slowpack\n")
    child = start_child(tmp_path / "home", file)
    try:
        (deep,) = wait_for(slow, "build/started-*")
        installer = os.pidfd_open(int(deep.name.removeprefix("started-")))
        child.send_signal(number)
        assert child.wait(60) != 0
        assert select([installer], [], [], 60)[0], "what pip started lives on"
        os.close(installer)
    finally:
        (slow / "build/go").touch()
        end(child)
    assert Cache(tmp_path / "home").entries() == []


def test_a_built_environment_is_found_at_once(built: SimpleNamespace) -> None:
    """Nothing is said, because nothing is built; and nothing of bscore is in it."""
    said: list[str] = []
    found = find_interpreter(job(built.file), built.home, said.append)
    assert said == []
    assert found.version == sys.version_info[:3] or found.version[:2] == sys.version_info[:2]
    assert run(found.path, "import tinypack, slowpack; print(tinypack.VALUE, slowpack.VALUE)") == "1.0 7"
    code = "import importlib.util as u; print(u.find_spec('bscore'), u.find_spec('bscore_worker'))"
    assert run(found.path, code) == "None None"


def test_the_same_content_in_a_conda_file_is_the_same_environment(built: SimpleNamespace) -> None:
    path = built.place / "conda.yml"
    path.write_text(
        "dependencies:\n  - tinypack==1.0\n  - cudatoolkit\n  - pip:\n"
        "    - --no-index\n    - --find-links wheels\n    - ./slowpack\n"
    )
    found = find_interpreter(job(path, image="example.org/image"), built.home, lambda line: pytest.fail(line))
    assert found.entry is not None
    assert found.notes == (
        "environment.image example.org/image is not used: its conda file's packages are",
        "left out, no meaning for pip: cudatoolkit",
    )
    listed = Cache(built.home).listed()
    assert [line.state for line in listed] == ["ready"]


def test_what_a_job_uses_cannot_be_deleted(built: SimpleNamespace) -> None:
    cache = Cache(built.home)
    found = find_interpreter(job(built.file), built.home, lambda line: pytest.fail(line))
    with found.hold():
        assert [line.state for line in cache.listed()] == ["in use"]
        with pytest.raises(UsageError, match="is in use"):
            cache.delete(cache.find("requirements"))
        assert cache.prune(0, time.time() + 60) == ([], [])
    assert found.path.exists()


def test_a_job_that_named_the_built_interpreter_protects_it_too(built: SimpleNamespace) -> None:
    """So it is after a resume: the job knows the path by then."""
    found = find_interpreter(job(built.file), built.home, lambda line: pytest.fail(line))
    again = find_interpreter(
        replace(job(), interpreter=found.path, environment=None), built.home, pytest.fail
    )
    assert again.entry == found.entry


def test_the_command_lists_deletes_and_prunes(
    built: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BSCORE_HOME", str(built.home))
    entry = Cache(built.home).find("requirements")
    (built.home / "environments" / ("0" * 16)).mkdir()
    assert run_command(["environment", "list", "-o", "json"]) == 0
    lines = {line["key"]: line for line in json.loads(capsys.readouterr().out)}
    assert lines[entry.key]["packages"] == 2
    assert lines[entry.key]["size_bytes"] > 1_000_000
    assert lines["0" * 16]["state"] == "not whole"
    assert run_command(["environment", "delete", entry.key[:6], "nothing"]) == 2
    assert entry.marker() is not None
    assert run_command(["environment", "prune", "--days", "1"]) == 0
    assert "1 deleted" in capsys.readouterr().err
    assert entry.marker() is not None
    found = find_interpreter(job(built.file), built.home, pytest.fail)
    os.utime(entry.folder / "used", (1, 1))
    assert run_command(["environment", "list"]) == 0
    assert "1970-01-01" in capsys.readouterr().out
    assert run_command(["environment", "delete", "requirements"]) == 0
    assert not entry.folder.exists()
    assert not entry.lock.exists()
    with pytest.raises(NotFoundError, match="was deleted in the meantime"), found.hold():
        pytest.fail("held what is gone")
    assert run_command(["environment", "list"]) == 0
    assert "No environment was built" in capsys.readouterr().err


def test_all_packages_that_do_not_exist_are_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    make_wheel(tmp_path / "wheels", "tinypack")
    file = tmp_path / "conda.yml"
    file.write_text(
        "dependencies:\n  - tinypack=9.9\n  - bscore-no-such-thing=1.0\n  - pytorch=1.13\n  - pip:\n"
        f"    - --no-index\n    - --find-links wheels\n    - tinypack\n  - {cheapest()}\n"
    )
    with pytest.raises(SpecError) as caught:
        find_interpreter(job(file), tmp_path / "home", lambda _: None)
    text = str(caught.value)
    assert [one.line for one in caught.value.problems] == [2, 3, 4]
    assert "no version of tinypack on the package index is ==9.9.*" in text
    assert "the newest that does is 1.0" in text
    assert "has no bscore-no-such-thing" in text
    assert "has no torch (for conda's pytorch=1.13)" in text
    (entry,) = Cache(tmp_path / "home").entries()
    assert str(entry.log) in text
    assert b"No matching distribution" in entry.log.read_bytes()
    assert Cache(tmp_path / "home").listed()[0].state == "not whole"


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ({"image": "example.org/image:1"}, "environment.image example.org/image:1"),
        ({"build": "./docker"}, "environment.build ./docker"),
        ({"build": "./docker", "name": "mine"}, "environment.build ./docker"),
        ({"build": ".", "image": "i"}, "environment.build ."),
    ],
)
def test_a_container_alone_names_the_three_ways(source: dict[str, str], called: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_interpreter(job(**source), Path("/nowhere"), pytest.fail)
    text = str(caught.value)
    assert f"{called} cannot be had here" in text
    for way in ("--python PATH", "environment: {conda_file: FILE}", "environment: PATH", sys.executable):
        assert way in text
    with pytest.raises(UsageError, match="environment sklearn:1 cannot be had here"):
        find_interpreter(job(name="sklearn:1"), Path("/nowhere"), pytest.fail)


def test_interpreters_that_need_no_building(tmp_path: Path) -> None:
    own = find_interpreter(replace(job(), environment=None), tmp_path, pytest.fail)
    assert (own.path, own.version) == (Path(sys.executable), sys.version_info[:3])
    with own.hold():
        pass
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    for config in (replace(job(), interpreter=tmp_path), job(name=str(tmp_path))):
        assert find_interpreter(config, tmp_path, pytest.fail).path == tmp_path / "bin/python"
    by_version = find_interpreter(
        job(name=f"python{sys.version_info[0]}.{sys.version_info[1]}"), tmp_path, print
    )
    assert by_version.version[:2] == sys.version_info[:2]
    chosen = find_interpreter(replace(job(build="."), interpreter=tmp_path), tmp_path, pytest.fail)
    assert chosen.notes == ("environment.build . is not used: --python is given",)
    both = find_interpreter(replace(job(name="x"), interpreter=tmp_path), tmp_path, pytest.fail)
    assert both.notes == ("environment x is not used: --python is given",)


def test_a_python_that_is_not_here(tmp_path: Path) -> None:
    file = tmp_path / "conda.yml"
    file.write_text("dependencies: [python=3.99]\n")
    with pytest.raises(NotFoundError, match=r"asks for Python 3\.99") as caught:
        find_interpreter(job(file), tmp_path, lambda _: None)
    assert "uv python install 3.99" in str(caught.value)


def test_the_installers_own_message_on_failure(tmp_path: Path) -> None:
    package = tmp_path / "broken"
    package.mkdir()
    (package / "backend.py").write_text("raise RuntimeError('the compiler is on holiday')\n")
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    file = tmp_path / "conda.yml"
    file.write_text(f"dependencies:\n  - {cheapest()}\n  - pip:\n    - --no-index\n    - ./broken\n")
    with pytest.raises(UsageError) as caught:
        find_interpreter(job(file), tmp_path / "home", lambda _: None)
    assert "the compiler is on holiday" in str(caught.value)
    assert "install.log" in str(caught.value)
    assert "WARNING" not in str(caught.value)


def _can_download(package: str, folder: Path) -> bool:
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder / "got"), package]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_from_the_package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one test that needs a package index; pip's own configuration says which."""
    versions = [
        one.version for one in all_interpreters() if one.version >= OLDEST and one.usual and one.builds
    ]
    file = tmp_path / "conda.yml"
    file.write_text(f"dependencies:\n  - python={shown(min(versions)[:2])}\n  - six=1.16.0\n")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_TIMEOUT", "5")
    try:
        found = find_interpreter(job(file), tmp_path / "home", lambda _: None)
    except UsageError:
        if _can_download("six==1.16.0", tmp_path):
            raise
        pytest.skip("no package index is reachable")
    assert found.version[:2] == min(versions)[:2]
    assert run(found.path, "import six; print(six.__version__)") == "1.16.0"


@pytest.mark.soak
def test_every_interpreter_of_this_machine_builds(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tinypack")
    for one in all_interpreters():
        if one.is_old or not one.builds:
            continue
        file = tmp_path / f"conda-{shown(one.version)}.yml"
        file.write_text(
            f"dependencies:\n  - python={shown(one.version)}\n  - tinypack\n  - pip:\n    - --no-index\n"
            f"    - --find-links {tmp_path}/wheels\n"
        )
        begun = time.monotonic()
        found = find_interpreter(job(file), tmp_path / "home", lambda _: None)
        print(f"{shown(found.version)}: built in {time.monotonic() - begun:.1f} s")
        assert found.version == one.version
        assert run(found.path, "import tinypack; print(tinypack.VALUE)") == "1.0"
