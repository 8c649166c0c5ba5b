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


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """A reader's folder, with the files that the README asks for."""
    for name, text in readme.files().items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(command: str | list[str], reader: Path) -> None:
    """What a reader types; it has to work."""
    bin_folder = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "BSCORE_HOME": str(reader / "home"),
    }
    ended = subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=reader,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"


def test_every_command_of_the_readme_works_in_its_order(reader: Path) -> None:
    commands = readme.commands()
    assert len(commands) >= 13
    for command in commands:
        run(command, reader)
    rows = (reader / "results" / "predictions.csv").read_text().splitlines()
    assert len(rows) == 33
    assert sorted(rows) == sorted((reader / "from-yaml" / "predictions.csv").read_text().splitlines())


def test_every_block_is_a_command_a_program_or_a_file() -> None:
    """None of them is only looked at."""
    assert readme.kinds() <= {("sh", False), ("python", False), ("python", True), ("yaml", True)}


def test_the_option_reference_is_the_tables_own() -> None:
    written = readme.between("<!-- options -->\n", "<!-- end of options -->")
    assert written.strip() == option_reference().strip()


def test_the_keys_of_the_monitor_are_its_own_table() -> None:
    written = readme.between("<!-- keys -->\n", "<!-- end of keys -->")
    assert written.strip() == key_reference().strip()


def test_the_python_examples_run(reader: Path) -> None:
    making = readme.commands()[0]
    assert making.startswith("mkdir data")
    run(making, reader)
    for number, text in enumerate(readme.python_examples()):
        program = reader / f"example{number}.py"
        program.write_text(text)
        run([sys.executable, str(program)], reader)


def test_every_picture_of_the_readme_is_there() -> None:
    text = readme.README.read_text()
    pictures = [part.split(")")[0] for part in text.split("](")[1:] if part.split(")")[0].endswith(".png")]
    assert pictures
    assert all((readme.README.parent / picture).is_file() for picture in pictures)
