"""Values, arguments and job.yml under every input that can be drawn."""

from __future__ import annotations

import argparse
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.core.limits import Limits
from bscore.errors import BscoreError, NotFoundError, UsageError
from bscore.spec.arguments import split_arguments
from bscore.spec.config import EnvironmentSource, JobConfig, NamedModel
from bscore.spec.expressions import expand, split_words
from bscore.spec.job_file import decode_job, encode_job, read_job, write_job
from bscore.spec.option_reference import option_help, option_reference
from bscore.spec.option_table import BY_ARGUMENT, OPTIONS
from bscore.spec.problems import COMMAND_LINE, near_match, shown
from bscore.spec.values import INT_MAX, SECONDS, SIZE, TRUTH, Size, whole

USER_ARGUMENTS = sorted(name for name, option in BY_ARGUMENT.items() if not option.for_script)


@given(st.integers())
def test_whole_numbers_are_taken_exactly_in_their_range(value: int) -> None:
    kind = whole(-1)
    if -1 <= value <= INT_MAX:
        assert kind.parse(str(value)) == value
    else:
        with pytest.raises(ValueError, match="out of range"):
            kind.parse(str(value))


@given(st.text())
def test_no_text_breaks_a_kind(text: str) -> None:
    for option in OPTIONS:
        try:
            option.kind.parse(text)
        except ValueError:
            continue


@given(st.floats(min_value=0.001, max_value=259200), st.floats(min_value=259200.1, max_value=1e300))
def test_seconds_are_more_than_none_and_at_most_three_days(good: float, bad: float) -> None:
    assert SECONDS.parse(f"{good:.3f}") == pytest.approx(good, abs=1e-3)
    for text in (f"{bad:f}", "0", "0.0", "-1", "nan", "inf", "1e3", "1,5", ""):
        with pytest.raises(ValueError, match=r"not a number|out of range"):
            SECONDS.parse(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10", Size(10)), ("10kb", Size(1, 10240)), ("100 kb", Size(1, 102400)), ("1MB", Size(1, 1 << 20)),
        ("1024KB", Size(1, 1 << 20)), ("1GB", Size(1, 1 << 30)), ("7b", Size(1, 7)),
    ],
)  # fmt: skip
def test_sizes_are_counts_or_bytes(text: str, size: Size) -> None:
    assert SIZE.parse(text) == size


@pytest.mark.parametrize("text", ["0", "0kb", "-1", "1.5MB", "kb", "10tb", "", "1 0", "١"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        SIZE.parse(text)


def test_truth_is_written_in_any_case() -> None:
    assert [TRUTH.parse(text) for text in ("True", "true", "FALSE")] == [True, True, False]
    with pytest.raises(ValueError, match="truth"):
        TRUTH.parse("yes")


SCRIPT_WORDS = st.text(string.ascii_letters + string.digits + " -=./_'\"äß\n", max_size=12).filter(
    lambda word: not word.startswith("--") and word != "--"
) | st.sampled_from(
    ["--mine", "--output_dir=x", "-v", "-1", "--zebra", "--Error_threshold", "--input_x", "-"]
)


@given(
    st.lists(SCRIPT_WORDS),
    st.lists(st.tuples(st.sampled_from(USER_ARGUMENTS), st.booleans()), max_size=4),
    st.randoms(),
)
def test_the_scripts_words_survive_in_order(
    words: list[str], options: list[tuple[str, bool]], random: object
) -> None:
    pieces: list[list[str]] = [[word] for word in words]
    for name, joined in options:
        value = "True" if BY_ARGUMENT[name].kind is TRUTH else "5"
        piece = [f"--{name}={value}"] if joined else [f"--{name}", value]
        pieces.insert(random.randint(0, len(pieces)), piece)  # type: ignore[attr-defined]  # a random.Random
    split = split_arguments([word for piece in pieces for word in piece], lambda _: COMMAND_LINE, Path())
    assert split.script == words


@given(st.lists(st.text(max_size=8)))
def test_behind_two_dashes_everything_is_the_scripts(words: list[str]) -> None:
    tail = ["--error_threshold", "3", *words]
    split = split_arguments(["--", *tail], lambda _: COMMAND_LINE, Path())
    assert (split.script, split.runtime) == (["--", *tail], [])


PLAIN_VALUES = {
    "error_threshold": "-1", "mini_batch_size": "3", "logging_level": "INFO",
    "resource_monitor_interval": "0", "task_overhead_timeout": "2", "metrics_name_prefix": "a b",
    "profiling_module": "profile",
}  # fmt: skip


@given(st.data())
def test_options_are_found_as_argparse_finds_them(data: st.DataObject) -> None:
    """argparse is the original's own parser; where it calls a prefix ambiguous, the script gets it."""
    name = data.draw(st.sampled_from(sorted(PLAIN_VALUES)))
    prefix = name[: data.draw(st.integers(len(name.partition("_")[0]), len(name)))]
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    for known in BY_ARGUMENT:
        parser.add_argument(f"--{known}")
    words = ["--mine", f"--{prefix}", PLAIN_VALUES[name], "x"]
    split = split_arguments(words, lambda _: COMMAND_LINE, Path())
    assert not split.problems
    try:
        found, rest = parser.parse_known_args(words)
    except (argparse.ArgumentError, SystemExit):
        assert split.script == words
        assert "could be" in split.notes[0]
        return
    expected = {known: value for known, value in vars(found).items() if value is not None}
    assert {one.option.driver[0]: one.text for one in split.runtime} == expected
    assert split.script == rest


def test_a_scripts_short_option_is_not_taken_for_a_runtime_option() -> None:
    split = split_arguments(["--t", "0.5", "--res=1"], lambda _: COMMAND_LINE, Path())
    assert (split.script, split.runtime) == (["--t", "0.5", "--res=1"], [])
    assert "--task_overhead_timeout" in split.notes[0]


@given(st.lists(st.text(string.ascii_letters + " ${}[]", min_size=1, max_size=6).filter(str.strip)))
def test_replaced_words_are_not_split_or_replaced_again(values: list[str]) -> None:
    known = {f"inputs.x{number}": value for number, value in enumerate(values)}
    line = " ".join(f"--a{number} ${{{{ inputs.x{number} }}}}" for number in range(len(values)))
    words = [expand(word, known.get)[0] for word in split_words(line, lambda name: known.get(name) is None)]
    assert words == [word for number, value in enumerate(values) for word in (f"--a{number}", value)]


def test_a_missing_reference_is_named() -> None:
    assert expand("a/${{inputs.x}}/${{inputs.y}}", {"inputs.x": "1"}.get) == (
        "a/1/${{inputs.y}}",
        ["inputs.y"],
    )


PATHS = (
    st.text(min_size=1, max_size=8).filter(lambda text: "\0" not in text).map(lambda text: Path("/p", text))
)
TEXT = st.text(max_size=12)
FLOATS = st.floats(min_value=0, max_value=1e9)
ODD_WORDS = st.sampled_from(["no", "010", "1e3", "~", "2024-01-01", "x: y", "\ud8a0", "\x85", "a\nb"])
CONFIGS = st.builds(
    JobConfig,
    name=TEXT,
    code=PATHS,
    script=TEXT,
    inputs=st.lists(TEXT, max_size=3).map(tuple),
    output=PATHS,
    output_file_name=TEXT,
    append_row=st.booleans(),
    mini_batch_size=st.integers(1, INT_MAX),
    arguments=st.lists(ODD_WORDS | TEXT, max_size=4).map(tuple),
    model=st.none() | PATHS,
    interpreter=st.none() | PATHS,
    environment_variables=st.dictionaries(TEXT, TEXT, max_size=3),
    limits=st.builds(
        Limits,
        run_invocation_timeout_s=FLOATS,
        progress_update_timeout_s=st.none() | FLOATS,
        tries=st.integers(1, 9),
        needs_results=st.booleans(),
    ),
    to_csv=st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=3),
    environment=st.none()
    | st.builds(EnvironmentSource, TEXT, TEXT, st.none() | PATHS, TEXT, st.none() | PATHS),
    output_folders=st.lists(PATHS, max_size=2).map(tuple),
    models=st.lists(st.builds(NamedModel, TEXT, TEXT, PATHS), max_size=2).map(tuple),
)  # fmt: skip


@settings(max_examples=40)
@given(CONFIGS)
def test_a_job_file_gives_back_the_job(config: JobConfig) -> None:
    assert decode_job(encode_job(config)) == config


def test_a_job_file_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "job.yml"
    config = JobConfig("j", Path("/c"), "s.py", (), Path("/o"))
    for name in ("a", "b"):
        config = JobConfig(name, Path("/c"), "s.py", ("@x",), Path("/o"), arguments=("no",))
        write_job(config, path)
        assert read_job(path) == config
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["job.yml"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "a: 1", "bscore_job: 1", "bscore_job: 99\n", "bscore_job: x", "bscore_job: 1\nname: [", "{"],
)
def test_what_is_no_job_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "job.yml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_job(path)
    assert caught.value.remedy
    path.write_bytes(b"\xff")
    with pytest.raises(BscoreError):
        read_job(path)
    with pytest.raises(NotFoundError):
        read_job(tmp_path / "none.yml")


def test_the_reference_and_the_help_are_made_from_the_table() -> None:
    lines = option_reference().splitlines()
    assert len(lines) == len(OPTIONS) + 2
    assert all(line.count(" | ") == 8 for line in lines[2:])
    for option in OPTIONS:
        assert any(line.startswith(f"| `{option.name}` |") for line in lines)
    assert "run_invocation_timeout" in option_help()
    assert "deployment 30" in option_help()
    assert max(map(len, option_help().splitlines())) <= 96


def test_near_matches_are_near() -> None:
    assert near_match("mini-batch-sice", ["mini_batch_size", "name"]) == "mini_batch_size"
    assert near_match("inputs.sied", ["inputs.size", "inputs.side"]) == "inputs.side"
    assert near_match("colour", ["name", "tags"]) == ""
    assert near_match("x" * 1_000_000, ["name"]) == ""
    assert shown("x" * 1000 + "/model.pkl").endswith("xx/model.pkl'")
    assert len(shown("x" * 1000)) == 162
