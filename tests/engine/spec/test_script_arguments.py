"""What a script finds in sys.argv: its own arguments behind those of the runtime (reference 1.15)."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bscore.environments.resolve import wanted_environment
from bscore.spec.job_file import decode_job, encode_job
from jobs import Place, make_place, resolve_text


def test_without_options_a_script_sees_the_level_alone(place: Place) -> None:
    config, _ = resolve_text(place, place.deployment, arguments=("--mine", "1"))
    assert config.arguments == ("--logging_level", "INFO", "--mine", "1")


def test_keys_of_the_yaml_are_arguments_of_the_runtime_too(place: Place) -> None:
    settings = "settings: {mini_batch_size: 7, retry_settings: {timeout: 5}, error_threshold: 4}\n"
    mine = ("--threshold", "0.5", "--error_threshold", "3")
    config, _ = resolve_text(place, place.deployment + settings, {"logging_level": "debug"}, arguments=mine)
    parser = argparse.ArgumentParser()
    for name in (
        "logging_level",
        "mini_batch_size",
        "run_invocation_timeout",
        "error_threshold",
        "threshold",
    ):
        parser.add_argument(f"--{name}")
    found, rest = parser.parse_known_args(list(config.arguments))
    assert vars(found) == {
        "logging_level": "DEBUG", "mini_batch_size": "7", "run_invocation_timeout": "5",
        "error_threshold": "3", "threshold": "0.5",
    }  # fmt: skip
    assert rest == []
    assert config.arguments[-2:] == ("--threshold", "0.5"), "the script's own stand behind the runtime's"


def test_what_is_no_option_of_the_original_is_no_argument(place: Place) -> None:
    text = place.deployment + "model: {name: m, path: model}\nsettings: {environment_variables: {A: b}}\n"
    config, _ = resolve_text(place, text, {"keep_partial": "true"})
    assert config.arguments == ("--logging_level", "INFO")


@pytest.mark.parametrize("line", ["-r more.txt", "./tool"])
def test_relative_paths_of_an_inline_conda_file_start_from_the_yamls_folder(
    tmp_path: Path, line: str
) -> None:
    place = make_place(tmp_path)
    for folder in (place.folder, place.folder / "code"):
        (folder / "tool").mkdir()
        (folder / "tool" / "setup.py").write_text("from setuptools import setup\nsetup(name='tool')\n")
        (folder / "more.txt").write_text("./tool\n")
    text = place.deployment + f"environment: {{conda_file: {{dependencies: [{{pip: ['{line}']}}]}}}}\n"
    config, _ = resolve_text(place, text, cwd=place.folder / "elsewhere")
    for one in (config, decode_job(encode_job(config), "job.yml")):
        wanted = wanted_environment(one)
        assert wanted is not None
        assert [Path(requirement.path or "") for requirement in wanted.requirements] == [
            place.folder / "tool"
        ]


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("{build: {path: ./docker, dockerfile_path: Dockerfile}}", "./docker"),
        ("{build: ./docker}", "./docker"),
        ("{build: {dockerfile_path: x}}", "."),
        ("{build: ~}", ""),
    ],
)
def test_a_build_context_is_part_of_the_environment(place: Place, text: str, build: str) -> None:
    config, _ = resolve_text(place, place.deployment + f"environment: {text}\n")
    assert config.environment is not None
    assert config.environment.build == build
