"""From what was given to the job as it will run: one JobConfig, or every mistake at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from bscore.core.limits import Limits
from bscore.spec.arguments import split_arguments
from bscore.spec.bindings import in_the_cloud, is_elsewhere, local_path, look_up
from bscore.spec.config import EnvironmentSource, JobConfig, NamedModel
from bscore.spec.dialects import read_document
from bscore.spec.draft import CliChoices, Draft
from bscore.spec.environment import read_environment
from bscore.spec.given import Reading
from bscore.spec.inputs import find_inputs, input_binding
from bscore.spec.model_names import given_models, model_name
from bscore.spec.naming import Names
from bscore.spec.option_table import BY_NAME, OPTIONS
from bscore.spec.options import Default, Dialect, Outcome
from bscore.spec.overrides import apply_overrides
from bscore.spec.places import find_code, find_model, refused_address, script_folder
from bscore.spec.placing import Outputs, place_outputs
from bscore.spec.problems import COMMAND_LINE, OVERRIDES, SpecError, problem_at
from bscore.spec.reading import read_given
from bscore.spec.script_arguments import read_arguments
from bscore.spec.script_check import why_unseen
from bscore.spec.settings_json import read_to_csv
from bscore.spec.values import Size
from bscore.spec.yaml_text import Document

_QUIET = frozenset({"$schema"})


def resolve(
    document: Document | None, overrides: Mapping[str, str], cli: CliChoices
) -> tuple[JobConfig, list[str]]:
    """The job as it will run, and notes for the user.

    `overrides` are the `--set`s, in any spelling; they win over the document and over arguments.
    Raises SpecError with every mistake found.
    """
    draft = read_document(document, cli.step) if document else Draft(Reading(Dialect.COMMAND, cli.cwd))
    problems = draft.reading.problems
    if document is None and cli.step is not None:
        problems.append(problem_at(COMMAND_LINE, "--step", what="needs a pipeline YAML", given=cli.step))
    apply_overrides(draft, overrides, cli.cwd, cli.flags)
    _take_input(draft, cli)
    for kind, parents in draft.parents.items():
        look_up(parents, kind, {}, problems)
        look_up(draft.named(kind), kind, parents, problems)
    inputs = find_inputs(draft, cli)
    outputs = place_outputs(draft, cli)
    names = Names(draft, outputs.paths)
    overridden = {name for name, one in draft.given.items() if one.place in OVERRIDES}
    behind = split_arguments(cli.arguments, lambda _word: COMMAND_LINE, cli.cwd, overridden)
    overridden |= {one.option.name for one in behind.runtime}
    read_given(draft, names, overridden | _by_flags(cli))
    arguments = read_arguments(draft, document, names, behind, overridden)
    _check_size(draft)
    code, script = find_code(draft, cli)
    config = _config(draft, cli, outputs, code, script)
    config = replace(
        config,
        inputs=inputs,
        arguments=(*arguments.shown(config.logging_level, draft.given), *arguments.script),
        to_csv=read_to_csv(script_folder(code, script), problems) if script else {},
    )
    if problems:
        raise SpecError(problems)
    return config, _notes(draft, config)


def _take_input(draft: Draft, cli: CliChoices) -> None:
    """What is given on the command line stands for the document's input, whatever that says."""
    if not cli.inputs and cli.need_input:
        return
    binding = input_binding(draft)
    if binding is None or binding.name not in draft.inputs:
        return
    if cli.inputs:
        mine = replace(binding, text=cli.inputs[0], base=cli.cwd, is_path=True, why="", expression="")
    else:
        mine = replace(binding, text=None, why="has no path: the items were given in Python", expression="")
    draft.inputs[binding.name] = mine


def _by_flags(cli: CliChoices) -> set[str]:
    """The options for which a flag of the command line stands."""
    flags = {
        "script": cli.script,
        "code": cli.code,
        "model": cli.models or None,
        "environment": cli.interpreter,
        "input_data": cli.inputs or None,
    }
    return {name for name, value in flags.items() if value is not None}


def _config(draft: Draft, cli: CliChoices, outputs: Outputs, code: Path, script: str) -> JobConfig:
    size = cast("Size", _value(draft, "mini_batch_size"))
    workers = _value(draft, "max_concurrency_per_instance")
    append_row = (
        outputs.append_row
        if outputs.append_row is not None
        else _value(draft, "output_action") == "append_row"
    )
    variables = draft.given.get("environment_variables")
    models = _models(draft, cli)
    one = models[0] if len(models) == 1 else None
    return JobConfig(
        name=cli.name,
        code=code,
        script=script,
        inputs=(),
        output=outputs.folder,
        output_file_name=outputs.file_name or str(_value(draft, "output_file_name")),
        append_row=append_row,
        mini_batch_size=size.count,
        workers=max(1, cli.cpu_count) if workers is Default.CORES else cast("int", workers),
        model=one.path if one else None,
        model_name=one.name if one else "",
        model_version=one.version if one else "1",
        models=models if len(models) > 1 else (),
        interpreter=_interpreter(draft, cli),
        environment_variables={
            **(cast("dict[str, str]", variables.value) if variables else {}),
            **draft.environment_variables,
        },
        limits=_limits(draft, append_row=append_row),
        logging_level=str(_value(draft, "logging_level")),
        profiling_module=str(_value(draft, "profiling_module")),
        dataframe_header=_value(draft, "append_row_dataframe_header") is True,
        resource_monitor_interval_s=cast("float", _value(draft, "resource_monitor_interval")),
        keep_partial=_value(draft, "keep_partial") is True,
        start=str(_value(draft, "start")),
        commit_interval_s=cast("float", _value(draft, "commit_interval")),
        environment=_environment(draft, cli),
        output_folders=outputs.folders,
    )


def _models(draft: Draft, cli: CliChoices) -> tuple[NamedModel, ...]:
    """The models of --model, else the document's; one without a name has the document's."""
    models = given_models(draft, cli)
    name, version = model_name(draft)
    if not models:
        path = find_model(draft)
        return () if path is None else (NamedModel(name, version, path),)
    if len(models) == 1 and not models[0].name:
        return (NamedModel(name, version, models[0].path),)
    return models


def _check_size(draft: Draft) -> None:
    size = draft.given.get("mini_batch_size")
    if size is None or not isinstance(size.value, Size) or size.value.nbytes is None:
        return
    what = "refused: a size in bytes cuts tabular inputs, files are counted"
    draft.reading.problems.append(
        problem_at(size.place, size.spelling, what=what, given=size.text, expected="a number of files")
    )


def _limits(draft: Draft, *, append_row: bool) -> Limits:
    progress = _value(draft, "progress_update_timeout")
    return Limits(
        run_invocation_timeout_s=cast("float", _value(draft, "run_invocation_timeout")),
        task_overhead_timeout_s=cast("float", _value(draft, "task_overhead_timeout")),
        tries=max(1, cast("int", _value(draft, "run_max_try"))),
        error_threshold=cast("int", _value(draft, "error_threshold")),
        allowed_failed_count=cast("int", _value(draft, "allowed_failed_count")),
        allowed_failed_percent=cast("float", _value(draft, "allowed_failed_percent")),
        first_task_creation_timeout_s=cast("float", _value(draft, "first_task_creation_timeout")),
        progress_update_timeout_s=None if progress is Default.COMPUTED else cast("float", progress),
        needs_results=append_row,
        retry_short_returns=_value(draft, "retry_short_returns") is True,
    )


def _value(draft: Draft, name: str) -> object:
    if name in draft.given:
        return draft.given[name].value
    return BY_NAME[name].default_for(draft.reading.dialect)


def _environment(draft: Draft, cli: CliChoices) -> EnvironmentSource | None:
    """The environment as it was asked for; what is wrong with it does not matter beside --python."""
    problems = draft.reading.problems if cli.interpreter is None else []
    return read_environment(draft.given.get("environment"), draft.reading.dialect, problems)


def _interpreter(draft: Draft, cli: CliChoices) -> Path | None:
    if cli.interpreter is None:
        return None
    path = Path(local_path(cli.interpreter, cli.cwd))
    if is_elsewhere(cli.interpreter):
        draft.reading.problems.append(refused_address(COMMAND_LINE, "--python", cli.interpreter))
        return path
    unseen = why_unseen(path)
    if unseen:
        what = f"cannot be reached: {unseen}"
        draft.reading.problems.append(problem_at(COMMAND_LINE, "--python", what=what, given=str(path)))
    elif not path.is_file() and not any((path / "bin" / name).is_file() for name in ("python", "python3")):
        what = "there is no such interpreter or virtual environment"
        draft.reading.problems.append(problem_at(COMMAND_LINE, "--python", what=what, given=str(path)))
    return path


def _notes(draft: Draft, config: JobConfig) -> list[str]:
    notes = list(dict.fromkeys(draft.reading.notes))
    component = draft.given.get("component")
    if component is not None and in_the_cloud(component.text):
        notes.append(f"component {component.text} is in the cloud: what it says is not known here")
    unused = [
        draft.given[option.name].spelling
        for option in OPTIONS
        if option.outcome is Outcome.NO_MEANING and option.name in draft.given and option.name not in _QUIET
    ]
    if unused:
        notes.append("accepted, without meaning here: " + ", ".join(unused))
    machines = draft.given.get("instance_count")
    if machines is not None and cast("int", machines.value) > 1:
        notes.append(
            f"{machines.spelling} {machines.value}: one machine, this one, with {config.workers} worker(s); "
            "workers are not multiplied"
        )
    return notes
