"""Every documented name (reference 2.1 to 2.4), written down here by hand, means what it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.core.limits import Limits
from bscore.spec.config import JobConfig
from bscore.spec.option_table import BY_NAME, BY_SPELLING, OPTIONS
from bscore.spec.options import Dialect, Outcome, same
from bscore.spec.problems import SpecError
from jobs import Place, resolve_text, resolve_words


def _field(config: JobConfig, name: str) -> object:
    return getattr(config.limits if name in Limits.__dataclass_fields__ else config, name)


# (canonical name, field, text, value, {spelling per dialect})
EFFECTIVE = [
    (
        "mini_batch_size", "mini_batch_size", "7", 7,
        "settings.mini_batch_size mini_batch_size",
        "mini_batch_size", "mini_batch_size", "mini_batch_size",
    ),
    (
        "error_threshold", "error_threshold", "5", 5,
        "settings.error_threshold error_threshold",
        "error_threshold", "error_threshold", "error_threshold",
    ),
    (
        "allowed_failed_count", "allowed_failed_count", "4", 4,
        "", "mini_batch_error_threshold", "allowed_failed_count", "allowed_failed_count",
    ),
    (
        "allowed_failed_percent", "allowed_failed_percent", "30", 30.0,
        "", "", "allowed_failed_percent", "allowed_failed_percent",
    ),
    (
        "output_action", "append_row", "summary_only", False,
        "settings.output_action output_action", "", "output_action", "output_action",
    ),
    (
        "output_file_name", "output_file_name", "r.csv", "r.csv",
        "settings.output_file_name output_file_name", "", "append_row_file_name", "append_row_file_name",
    ),
    (
        "max_concurrency_per_instance", "workers", "6", 6,
        "settings.max_concurrency_per_instance max_concurrency_per_instance",
        "max_concurrency_per_instance", "process_count_per_node", "process_count_per_node",
    ),
    (
        "run_invocation_timeout", "run_invocation_timeout_s", "44", 44.0,
        "settings.retry_settings.timeout retry_settings.timeout",
        "retry_settings.timeout", "run_invocation_timeout", "run_invocation_timeout",
    ),
    (
        "run_max_try", "tries", "9", 9,
        "settings.retry_settings.max_retries retry_settings.max_retries",
        "retry_settings.max_retries", "run_max_try", "run_max_try",
    ),
    (
        "logging_level", "logging_level", "debug", "DEBUG",
        "settings.logging_level logging_level", "logging_level", "logging_level", "logging_level",
    ),
    (
        "environment_variables", "environment_variables", "{A: 'x y', B: no}", {"A": "x y", "B": "no"},
        "settings.environment_variables environment_variables",
        "environment_variables", "environment_variables", "",
    ),
    (
        "task_overhead_timeout", "task_overhead_timeout_s", "1200", 1200.0,
        "", "", "", "task_overhead_timeout",
    ),
    (
        "progress_update_timeout", "progress_update_timeout_s", "601", 601.0,
        "", "", "", "progress_update_timeout",
    ),
    (
        "first_task_creation_timeout", "first_task_creation_timeout_s", "602", 602.0,
        "", "", "", "first_task_creation_timeout",
    ),
    (
        "resource_monitor_interval", "resource_monitor_interval_s", "0", 0.0,
        "", "", "", "resource_monitor_interval",
    ),
    (
        "profiling_module", "profiling_module", "cProfile", "cProfile",
        "", "", "", "profiling_module",
    ),
    (
        "append_row_dataframe_header", "dataframe_header", "True", True,
        "", "", "", "append_row_dataframe_header",
    ),
]  # fmt: skip

UNUSED_KEYS = {
    Dialect.DEPLOYMENT: (
        "$schema name description tags endpoint_name compute resources.instance_count "
        "settings.instance_count instance_count id provisioning_state creation_context status "
        "resources.locations resources.max_instance_count"
    ),
    Dialect.PARALLEL: (
        "name description display_name tags compute resources.instance_count "
        "resources.instance_type resources.shm_size resources.docker_args comment"
    ),
    Dialect.V1: "description compute_target node_count input_format",
}
UNUSED_ARGUMENTS = (
    "copy_logs_to_parent=True metrics_name_prefix=p push_metrics_to_parent=False append_row_safe_output=true "
    "amlbi_dataframe_mixed_types=true client_sdk_version=1 scoring_module_name=s "
    "create_snapshot_at_runtime=True amlbi_async_mode=false rank_mini_batch_count=0 "
    "amlbi_file_format= amlbi_mini_batch_rows=0 amlbi_pf_enabled=false"
)
STRUCTURE = (
    "model code_configuration.code code_configuration.scoring_script environment type component inputs "
    "outputs input_data task.type task.code task.entry_script task.function task.program_arguments "
    "task.append_row_to task.environment entry_script source_directory arguments"
)


def _nested(path: str, text: str) -> str:
    parts = path.split(".")
    lines = [f"{'  ' * depth}{part}:" for depth, part in enumerate(parts)]
    return "\n".join(lines) + f" {text}\n"


def _cases(column: int) -> list[object]:
    return [
        pytest.param(field, text, value, spelling, id=spelling)
        for _, field, text, value, *names in EFFECTIVE
        for spelling in names[column].split()
    ]


@pytest.mark.parametrize(("field", "text", "value", "path"), _cases(0))
def test_a_deployment_gives_it(place: Place, field: str, text: str, value: object, path: str) -> None:
    head = "type: model\n" if path.startswith("settings.") else ""
    config, _ = resolve_text(place, head + place.deployment + _nested(path, text))
    assert _field(config, field) == value


@pytest.mark.parametrize(("field", "text", "value", "path"), _cases(1))
def test_a_parallel_step_gives_it(place: Place, field: str, text: str, value: object, path: str) -> None:
    config, _ = resolve_text(place, place.parallel + _nested(path, text))
    assert _field(config, field) == value


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(("field", "text", "value", "path"), _cases(2))
def test_a_parallel_run_config_gives_it(
    place: Place, field: str, text: str, value: object, path: str, wrapped: bool
) -> None:
    document = place.v1 + _nested(path, text)
    if wrapped:
        document = "parallel_run_config:\n" + "".join(f"  {line}\n" for line in document.splitlines())
    config, _ = resolve_text(place, document)
    assert _field(config, field) == value


@pytest.mark.parametrize(("field", "text", "value", "name"), _cases(3))
def test_an_argument_of_a_step_gives_it(
    place: Place, field: str, text: str, value: object, name: str
) -> None:
    arguments = f"  program_arguments: >-\n    --mine 1\n    --{name} {text}\n    --mine=2 x\n"
    config, _ = resolve_text(place, place.parallel + arguments)
    assert _field(config, field) == value
    assert config.arguments[-4:] == ("--mine", "1", "--mine=2", "x")
    assert text in config.arguments or text.upper() in config.arguments


@pytest.mark.parametrize(("field", "text", "value", "name"), _cases(3))
def test_an_argument_on_the_command_line_gives_it(
    place: Place, field: str, text: str, value: object, name: str
) -> None:
    for words in ((f"--{name}", text), (f"--{name}={text}",)):
        config, _ = resolve_words(place, arguments=("x", *words, "y"))
        assert _field(config, field) == value
        assert config.arguments[-2:] == ("x", "y")


SET = [
    pytest.param(field, text, value, spelling, id=spelling)
    for _, field, text, value, *names in EFFECTIVE
    if field != "environment_variables"
    for spelling in sorted({word for column in names for word in column.split()})
]


@pytest.mark.parametrize(("field", "text", "value", "name"), SET)
def test_set_takes_every_spelling_and_wins(
    place: Place, field: str, text: str, value: object, name: str
) -> None:
    for spelling in (name, f"--{name.replace('_', '-')}"):
        for document in (None, place.deployment, place.parallel, place.v1):
            config, _ = resolve_text(place, document, {spelling: text})
            assert _field(config, field) == value


def test_set_takes_lists_and_environment_variables(place: Place) -> None:
    overrides = {
        "settings.environment_variables.A": "1=2",
        "environment_variables.B": "no",
        "max_retries": "8",
        "jobs.score.retry_settings.timeout": "77",
    }
    document = place.deployment + "settings:\n  environment_variables: {A: x, C: y}\n"
    config, _ = resolve_text(place, document, overrides)
    assert config.environment_variables == {"A": "1=2", "B": "no", "C": "y"}
    assert (config.limits.tries, config.limits.run_invocation_timeout_s) == (8, 77.0)


@pytest.mark.parametrize("dialect", UNUSED_KEYS)
def test_a_key_without_meaning_is_accepted_and_noted_once(place: Place, dialect: Dialect) -> None:
    base = {Dialect.DEPLOYMENT: place.deployment, Dialect.PARALLEL: place.parallel, Dialect.V1: place.v1}[
        dialect
    ]
    for path in UNUSED_KEYS[dialect].split():
        _, notes = resolve_text(place, base + _nested(path, "1"))
        named = [note for note in notes if path in note]
        assert len(named) == (0 if path == "$schema" else 1), (path, notes)


@pytest.mark.parametrize("argument", UNUSED_ARGUMENTS.split())
def test_an_argument_without_meaning_is_accepted(place: Place, argument: str) -> None:
    name, _, value = argument.partition("=")
    config, notes = resolve_words(place, arguments=("a", f"--{name}", value))
    assert config.arguments[-3:] == (f"--{name}", value, "a")
    noted = BY_NAME[name].outcome is Outcome.NO_MEANING
    assert any(f"--{name}" in note for note in notes) is noted


@pytest.mark.parametrize(
    ("argument", "remedy"),
    [
        ("--amlbi_async_mode=true", "run(mini_batch)"),
        ("--amlbi_file_format=jsonl", "bscore.score("),
        ("--amlbi_mini_batch_rows=4", "let run() read the files"),
        ("--amlbi_pf_enabled=True", "let run() read the files"),
        ("--resume_from=run1", "bscore job resume"),
        ("--rank_mini_batch_count=3", "@LIST"),
    ],
)
def test_a_refused_argument_says_what_to_do(place: Place, argument: str, remedy: str) -> None:
    with pytest.raises(SpecError, match="refused") as caught:
        resolve_words(place, arguments=(argument,))
    assert remedy in str(caught.value)


def test_an_unknown_option_of_the_runtime_is_noted_and_left_to_the_script(place: Place) -> None:
    config, notes = resolve_words(place, arguments=("--amlbi_pf_model", "m", "--amlbi_other=3"))
    assert config.arguments[-3:] == ("--amlbi_pf_model", "m", "--amlbi_other=3")
    for name in ("--amlbi_pf_model", "--amlbi_other"):
        assert any(note.startswith(f"{name} ") for note in notes)


@pytest.mark.parametrize("name", ["output", "partition_column_names", "input_ds_0", "input_fds_0", "input1"])
def test_arguments_that_the_sdk_writes_go_to_the_script(place: Place, name: str) -> None:
    config, _ = resolve_words(place, arguments=(f"--{name}", "x"))
    assert config.arguments[-2:] == (f"--{name}", "x")


def test_the_table_knows_every_documented_name() -> None:
    names = [word for row in EFFECTIVE for column in row[4:] for word in str(column).split()]
    names += [word for keys in UNUSED_KEYS.values() for word in keys.split()]
    names += [argument.partition("=")[0] for argument in UNUSED_ARGUMENTS.split()]
    names += STRUCTURE.split()
    assert [name for name in names if same(name) not in BY_SPELLING] == []


def test_every_row_has_a_meaning_and_every_refusal_a_reason() -> None:
    for option in OPTIONS:
        assert option.meaning, option.name
        assert option.reason or option.outcome is Outcome.EFFECTIVE, option.name


def test_defaults_differ_by_dialect(place: Place) -> None:
    found = {}
    for dialect, text in (
        (Dialect.COMMAND, None),
        (Dialect.DEPLOYMENT, place.deployment),
        (Dialect.PARALLEL, place.parallel),
        (Dialect.V1, place.v1),
    ):
        config, _ = resolve_text(place, text)
        limits = config.limits
        found[dialect] = (
            config.mini_batch_size, config.workers, limits.run_invocation_timeout_s, limits.tries,
            config.append_row, config.output_file_name,
        )  # fmt: skip
        assert (limits.error_threshold, limits.allowed_failed_count, limits.allowed_failed_percent) == (
            -1,
            -1,
            100,
        )
        assert limits.task_overhead_timeout_s == 30
        assert limits.progress_update_timeout_s is None
        assert config.logging_level == "INFO"
    assert found == {
        Dialect.COMMAND: (10, 12, 60.0, 3, True, "predictions.csv"),
        Dialect.DEPLOYMENT: (10, 1, 30.0, 3, True, "predictions.csv"),
        Dialect.PARALLEL: (1, 12, 60.0, 2, False, "predictions.csv"),
        Dialect.V1: (10, 12, 60.0, 3, True, "parallel_run_step.txt"),
    }


def test_paths_of_a_document_start_from_its_folder(place: Place, tmp_path: Path) -> None:
    config, _ = resolve_text(
        place, place.deployment + "model: {name: m, path: model}\n", cwd=tmp_path / "elsewhere"
    )
    assert config.model == place.folder / "model"
    assert config.code == place.folder / "code"
