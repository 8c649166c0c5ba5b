"""The README is true: what it tells a reader to type works, in that order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import readme
from bscore.spec.option_reference import option_reference
from bscore_tui.actions import key_reference


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder, with the files that the README asks for and something to score."""
    folder = tmp_path_factory.mktemp("reader")
    for name, text in readme.files().items():
        (folder / name).write_text(text)
    (folder / "data").mkdir()
    for number in range(33):
        (folder / "data" / f"{number}.{('txt', 'csv', 'bin')[number % 3]}").write_text("x" * number)
    return folder


def test_every_command_of_the_readme_works_in_its_order(reader: Path) -> None:
    bin_folder = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "BSCORE_HOME": str(reader / "home"),
    }
    commands = readme.commands()
    assert len(commands) >= 9
    for command in commands:
        ended = subprocess.run(
            command,
            shell=True,
            cwd=reader,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    rows = (reader / "results" / "predictions.csv").read_text().splitlines()
    assert len(rows) == 33
    assert sorted(rows) == sorted((reader / "from-yaml" / "predictions.csv").read_text().splitlines())


def test_the_option_reference_is_the_tables_own() -> None:
    written = readme.between("<!-- options -->\n", "<!-- end of options -->")
    assert written.strip() == option_reference().strip()


def test_the_keys_of_the_monitor_are_its_own_table() -> None:
    written = readme.between("<!-- keys -->\n", "<!-- end of keys -->")
    assert written.strip() == key_reference().strip()


def test_the_python_examples_run(reader: Path) -> None:
    for number, text in enumerate(readme.python_examples()):
        program = reader / f"example{number}.py"
        program.write_text(text)
        environment = {**os.environ, "BSCORE_HOME": str(reader / "python-home")}
        ended = subprocess.run(
            [sys.executable, str(program)],
            cwd=reader,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr


def test_every_picture_of_the_readme_is_there() -> None:
    text = readme.README.read_text()
    pictures = [part.split(")")[0] for part in text.split("](")[1:] if part.split(")")[0].endswith(".png")]
    assert pictures
    assert all((readme.README.parent / picture).is_file() for picture in pictures)
