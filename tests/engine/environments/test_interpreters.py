"""Interpreters found on this machine, every one of them, and what is no interpreter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bscore.environments.interpreters import all_interpreters, builders, named_interpreter, probe
from bscore.environments.python_versions import OLDEST, exactly, read_wish, shown
from bscore.errors import NotFoundError, UsageError


def test_every_interpreter_of_this_machine_says_what_it_is() -> None:
    """Usable from Python 3.7 on, by file and by folder; older ones are refused with what is found instead."""
    found = all_interpreters()
    assert any(one.version[:2] == sys.version_info[:2] for one in found)
    assert [one.version for one in found] == sorted((one.version for one in found), reverse=True)
    for one in found:
        if one.version < OLDEST:
            with pytest.raises(UsageError, match=r"Python 3\.7 or newer") as caught:
                named_interpreter(one.path)
            assert shown(one.version) in str(caught.value)
            assert "--python" in str(caught.value)
            continue
        assert named_interpreter(one.path) == one
        if one.path.parent == one.prefix / "bin" and (one.prefix / "bin/python").exists():
            assert named_interpreter(one.prefix).version == one.version
        assert one in builders(exactly(one.version)) or not one.usual


def test_a_wish_prefers_bscores_own_version_then_the_newest() -> None:
    best = builders(None)[0]
    assert best.version[:2] == sys.version_info[:2]
    assert builders(read_wish(">=3.7"))[0].version[:2] == sys.version_info[:2]
    assert builders(read_wish("=3.99")) == []


def test_uvs_folder_is_looked_into_and_pyenvs_shims_are_not(tmp_path: Path) -> None:
    """A shim chooses by the current folder; it is no interpreter of its own."""
    others = [one for one in all_interpreters() if one.version[:2] != sys.version_info[:2] and not one.is_old]
    if not others:
        pytest.skip("only one Python on this machine")
    folder = tmp_path / "data/uv/python" / f"cpython-{shown(others[0].version)}-linux-x86_64-gnu" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3").symlink_to(others[0].path)
    shims = tmp_path / "pyenv/shims"
    shims.mkdir(parents=True)
    (shims / "python3.7").write_text("#!/bin/sh\ntouch '" + str(tmp_path / "called") + "'\n")
    (shims / "python3.7").chmod(0o755)
    environ = {
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PYENV_ROOT": str(tmp_path / "pyenv"),
        "PATH": f"{shims}:relative:{tmp_path}/gone",
    }
    found = builders(exactly(others[0].version), environ)
    assert folder / "python3" in [one.path for one in found] or found[0].path.parent in map(
        Path, ("/usr/bin", "/usr/local/bin")
    )
    builders(read_wish("=3.7"), environ)
    assert not (tmp_path / "called").exists()


def test_a_link_to_an_interpreter_keeps_its_name(tmp_path: Path) -> None:
    """A virtual environment is known by the path it is called with."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    assert named_interpreter(tmp_path).path == tmp_path / "bin/python"


def test_a_sitecustomize_that_prints_does_not_disturb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\necho "{{}} hello"\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert probe(script).version == sys.version_info[:3]


def test_what_is_no_interpreter_is_said(tmp_path: Path) -> None:
    text = tmp_path / "python"
    text.write_text("no program")
    with pytest.raises(UsageError, match="Permission denied"):
        named_interpreter(text)
    text.chmod(0o755)
    with pytest.raises(UsageError, match="cannot be used as a Python interpreter"):
        named_interpreter(text)
    with pytest.raises(UsageError, match="cannot be used as a Python interpreter"):
        named_interpreter(Path("/bin/true"))
    with pytest.raises(NotFoundError, match="no virtual environment"):
        named_interpreter(tmp_path)
    with pytest.raises(NotFoundError, match="There is no interpreter"):
        named_interpreter(tmp_path / "gone")


def test_an_interpreter_is_asked_once(tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\necho x >> {tmp_path}/asked\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    assert probe(script) is probe(script)
    assert (tmp_path / "asked").read_text() == "x\n"
    os.utime(script, ns=(1, 1))
    probe(script)
    assert (tmp_path / "asked").read_text() == "x\nx\n"
