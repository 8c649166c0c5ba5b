"""A folder with a scoring script, and the smallest documents of each dialect around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bscore.spec.config import JobConfig
from bscore.spec.draft import CliChoices
from bscore.spec.problems import Problem, SpecError
from bscore.spec.resolve import resolve
from bscore.spec.yaml_text import parse_yaml

DEPLOYMENT = "code_configuration:\n  code: code\n  scoring_script: score.py\n"
PARALLEL = "type: parallel\ntask:\n  type: run_function\n  code: code\n  entry_script: score.py\n"
V1 = "source_directory: code\nentry_script: score.py\n"


@dataclass(frozen=True)
class Place:
    """A folder that holds `code/score.py`, `model/`, `data/`, `env.yml`."""

    folder: Path
    deployment: str = DEPLOYMENT
    parallel: str = PARALLEL
    v1: str = V1

    @property
    def cli(self) -> CliChoices:
        """The command line of a user who stands in the folder and names the input."""
        return CliChoices(
            name="job1",
            cwd=self.folder,
            default_output=self.folder / "jobs/job1/outputs/score",
            cpu_count=12,
            inputs=("data",),
        )


def make_place(folder: Path) -> Place:
    """Write the files."""
    for name in ("code", "model", "data", "elsewhere"):
        (folder / name).mkdir()
    (folder / "code" / "score.py").write_text("def run(mini_batch):\n    return mini_batch\n")
    (folder / "env.yml").write_text("dependencies: []\n")
    return Place(folder)


def resolve_text(
    place: Place, text: str | None, overrides: Mapping[str, str] | None = None, **choices: object
) -> tuple[JobConfig, list[str]]:
    """Resolve a document given as text (or none: the script is named on the command line)."""
    cli = place.cli
    if text is None:
        cli = replace(cli, script="code/score.py")
    if choices:
        cli = replace(cli, **choices)  # type: ignore[arg-type]  # the tests name the fields
    if cli.inputs and "cwd" in choices:
        cli = replace(cli, inputs=(str(place.folder / "data"),))
    document = None if text is None else parse_yaml(text.encode(), "job.yml", place.folder)
    return resolve(document, overrides or {}, cli)


def resolve_words(place: Place, **choices: object) -> tuple[JobConfig, list[str]]:
    """Resolve a job that has no document."""
    return resolve_text(place, None, **choices)  # type: ignore[arg-type]  # as above


def problems(
    place: Place, text: str | None, overrides: Mapping[str, str] | None = None, **choices: object
) -> list[Problem]:
    """What is wrong with a document, in order."""
    with pytest.raises(SpecError) as caught:
        resolve_text(place, text, overrides, **choices)
    assert caught.value.exit_code == 2
    return list(caught.value.problems)
