"""The one table of options: every documented name of the original, in every spelling.

Source: reference 2.1 to 2.4. Longer than other files because a table is read as one.
"""

from __future__ import annotations

from bscore.spec.options import Default, Dialect, Option, Outcome, index_by_name
from bscore.spec.values import (
    ANY,
    FILE_NAME,
    INTERVAL,
    NODE,
    PERCENT,
    REFERENCE,
    SECONDS,
    SIZE,
    TEXT,
    TEXTS,
    TRUTH,
    WORDS,
    Size,
    one_of,
    whole,
)

_D, _P, _V = Dialect.DEPLOYMENT, Dialect.PARALLEL, Dialect.V1


def _both(*names: str) -> tuple[str, ...]:
    """A deployment's key, new (below `settings`) and legacy (at the root)."""
    return (*(f"settings.{name}" for name in names), *names)


SCORING: tuple[Option, ...] = (
    Option(
        "mini_batch_size", SIZE, "files per run(); a size in bytes is refused, it is for tabular inputs",
        _both("mini_batch_size"), ("mini_batch_size",), ("mini_batch_size",), ("mini_batch_size",),
        Size(10), ((_P, Size(1)),),
    ),
    Option(
        "partition_keys", WORDS, "cut tabular inputs by these columns", (),
        ("partition_keys",), ("partition_keys",), ("partition_keys",), (), outcome=Outcome.REFUSED,
        harmless=(), reason="inputs are files here, which have no columns; run one job for each partition",
    ),
    Option(
        "error_threshold", whole(-1), "items of the whole job that may fail; -1: any number",
        _both("error_threshold"), ("error_threshold",), ("error_threshold",), ("error_threshold",), -1,
    ),
    Option(
        "allowed_failed_count", whole(-1), "mini-batches that may fail; -1: any number", (),
        ("mini_batch_error_threshold",), ("allowed_failed_count",), ("allowed_failed_count",), -1,
    ),
    Option(
        "allowed_failed_percent", PERCENT, "percentage of the mini-batches that may fail", (), (),
        ("allowed_failed_percent",), ("allowed_failed_percent",), 100.0,
    ),
    Option(
        "output_action", one_of("append_row", "summary_only"), "collect what run() returns, or only count it",
        _both("output_action"), (), ("output_action",), ("output_action",), "append_row",
        ((_P, "summary_only"),),
    ),
    Option(
        "output_file_name", FILE_NAME, "the file that holds the rows", _both("output_file_name"), (),
        ("append_row_file_name",), ("append_row_file_name",), "predictions.csv",
        ((_V, "parallel_run_step.txt"),),
    ),
    Option(
        "append_row_to", REFERENCE, "the output that gets the rows; its presence means append_row", (),
        ("task.append_row_to",),
    ),
    Option(
        "max_concurrency_per_instance", whole(1, 1024), "worker processes",
        _both("max_concurrency_per_instance"), ("max_concurrency_per_instance",),
        ("process_count_per_node",), ("process_count_per_node",), Default.CORES, ((_D, 1),),
    ),
    Option(
        "run_invocation_timeout", SECONDS, "seconds that one run() may take",
        _both("retry_settings.timeout"), ("retry_settings.timeout",), ("run_invocation_timeout",),
        ("run_invocation_timeout",), 60.0, ((_D, 30.0),),
    ),
    Option(
        "run_max_try", whole(0), "times a mini-batch is tried (0 is read as 1)",
        _both("retry_settings.max_retries"), ("retry_settings.max_retries",), ("run_max_try",),
        ("run_max_try",), 3, ((_P, 2),),
    ),
    Option(
        "logging_level", one_of("WARNING", "INFO", "DEBUG"), "what the logs hold", _both("logging_level"),
        ("logging_level",), ("logging_level",), ("logging_level",), "INFO",
    ),
    Option(
        "environment_variables", TEXTS, "environment variables of the workers",
        _both("environment_variables"), ("environment_variables",), ("environment_variables",),
    ),
)  # fmt: skip

_ROWS = (
    "each file is one item here; leave it out and let run() read the files, or give rows from Python: "
    "bscore.score(..., inputs=[json.loads(line) for line in open(FILE)])"
)

DRIVER: tuple[Option, ...] = (
    Option(
        "task_overhead_timeout", SECONDS, "seconds added to a run() for loading and handing over",
        driver=("task_overhead_timeout",), default=30.0,
    ),
    Option(
        "progress_update_timeout", SECONDS, "seconds without progress after which the job fails",
        driver=("progress_update_timeout",), default=Default.COMPUTED,
    ),
    Option(
        "first_task_creation_timeout", SECONDS, "seconds until the first mini-batch must exist",
        driver=("first_task_creation_timeout",), default=600.0,
    ),
    Option(
        "resource_monitor_interval", INTERVAL, "seconds between resource samples; 0: none",
        driver=("resource_monitor_interval",), default=600.0,
    ),
    Option(
        "profiling_module", one_of("cProfile", "profile"), "profile every worker with this module",
        driver=("profiling_module",), default="",
    ),
    Option(
        "append_row_dataframe_header", TRUTH, "write a DataFrame's column names once on top",
        driver=("append_row_dataframe_header",), default=False,
    ),
    Option(
        "copy_logs_to_parent", TRUTH, "copy the logs to the parent run", driver=("copy_logs_to_parent",),
        default=False, outcome=Outcome.NO_MEANING, reason="a job here has no parent run",
    ),
    Option(
        "metrics_name_prefix", TEXT, "prefix of the run's metrics", driver=("metrics_name_prefix",),
        default="", outcome=Outcome.NO_MEANING, reason="no metrics are sent anywhere",
    ),
    Option(
        "push_metrics_to_parent", TRUTH, "send metrics to the parent run",
        driver=("push_metrics_to_parent",), default=False, outcome=Outcome.NO_MEANING,
        reason="a job here has no parent run",
    ),
    Option(
        "append_row_safe_output", TRUTH, "safe writing of large outputs with Unicode",
        driver=("append_row_safe_output",), outcome=Outcome.NO_MEANING, reason="output is always safe UTF-8",
    ),
    Option(
        "amlbi_dataframe_mixed_types", TRUTH, "keep mixed column types of tabular input",
        driver=("amlbi_dataframe_mixed_types",), outcome=Outcome.NO_MEANING,
        reason="column types are never changed here",
    ),
    Option(
        "amlbi_async_mode", TRUTH, "the preview of streaming mini-batches", driver=("amlbi_async_mode",),
        default=False, outcome=Outcome.REFUSED, harmless=False,
        reason="the enqueue()/get_finished_batch_result() preview is not supported: offer run(mini_batch)",
    ),
    Option(
        "amlbi_file_format", TEXT, "rows of one file of this format as items", driver=("amlbi_file_format",),
        default="", outcome=Outcome.REFUSED, harmless="", reason=_ROWS,
    ),
    Option(
        "amlbi_mini_batch_rows", whole(0), "rows per run() in place of files",
        driver=("amlbi_mini_batch_rows",), default=0, outcome=Outcome.REFUSED, harmless=0, reason=_ROWS,
    ),
    Option(
        "amlbi_pf_enabled", TRUTH, "rows of one JSON lines file as items, for a prompt flow",
        driver=("amlbi_pf_enabled",), default=False, outcome=Outcome.REFUSED, harmless=False, reason=_ROWS,
    ),
    Option(
        "resume_from", TEXT, "resume a failed job", driver=("resume_from",), outcome=Outcome.REFUSED,
        reason="use `bscore job resume JOB`",
    ),
    Option(
        "rank_mini_batch_count", whole(0), "mini-batches without any input",
        driver=("rank_mini_batch_count",), default=0, outcome=Outcome.REFUSED, harmless=0,
        reason="mini-batches without input are not supported: give --input @LIST, a file with one line each",
    ),
    *(
        Option(
            name, TEXT, "written by the SDK, not by people", driver=(name,), outcome=Outcome.NO_MEANING,
            reason="bscore knows it already", for_script=name in {"output", "partition_column_names"},
        )
        for name in (
            "client_sdk_version", "scoring_module_name", "create_snapshot_at_runtime", "output",
            "partition_column_names",
        )
    ),
)  # fmt: skip

_CODE: tuple[Option, ...] = (
    Option(
        "code", TEXT, "the folder with the scoring script", ("code_configuration.code",),
        ("task.code", "code"), ("source_directory",),
    ),
    Option(
        "script", TEXT, "the scoring script, below the code folder", ("code_configuration.scoring_script",),
        ("task.entry_script", "task.function"), ("entry_script",),
    ),
    Option(
        "arguments", NODE, "arguments of the script and of the runtime", (), ("task.program_arguments",),
        ("arguments",),
    ),
    Option("model", NODE, "the model: a folder or file", ("model",)),
    Option(
        "environment", NODE, "the environment the script runs in", ("environment",),
        ("task.environment", "environment"), ("environment",),
    ),
    Option("inputs", NODE, "named inputs", (), ("inputs",)),
    Option("outputs", NODE, "named outputs", (), ("outputs",)),
    Option("input_data", REFERENCE, "the input that is cut into mini-batches", (), ("input_data",)),
    Option(
        "type", TEXT, "the kind of document", ("type",), ("type",), structural=True,
    ),
    Option(
        "task_type", one_of("run_function", "function"), "the kind of task", (), ("task.type",),
        structural=True,
    ),
    Option(
        "component", TEXT, "the file that describes the step", (), ("component",),
        structural=True,
    ),
)  # fmt: skip


def _unused(
    name: str, reason: str, *, d: bool = False, p: bool = False, v1: bool = False, bound: bool = False
) -> Option:
    keys = (name,)
    return Option(
        name, ANY, reason, keys if d else (), keys if p else (), keys if v1 else (),
        outcome=Outcome.NO_MEANING, reason=reason, bound=bound,
    )  # fmt: skip


_LABEL = "a label for the cloud's screens"
_SERVICE = "the cloud's own bookkeeping"
_MACHINES = "bscore runs on the machine where it is started"

UNUSED: tuple[Option, ...] = (
    Option(
        "instance_count",
        whole(-1),
        "machines",
        (*_both("instance_count"), "resources.instance_count"),
        ("resources.instance_count",),
        ("node_count",),
        default=1,
        outcome=Outcome.NO_MEANING,
        reason=_MACHINES,
    ),
    _unused("$schema", _SERVICE, d=True, p=True),
    _unused("name", _LABEL, d=True, p=True),
    _unused("display_name", _LABEL, d=True, p=True),
    _unused("description", _LABEL, d=True, p=True, v1=True),
    _unused("tags", _LABEL, d=True, p=True),
    _unused("properties", _SERVICE, d=True, p=True, bound=True),
    _unused("version", _SERVICE, p=True, v1=True),
    _unused("is_deterministic", _SERVICE, p=True),
    _unused("identity", _SERVICE, p=True, bound=True),
    _unused("comment", _LABEL, p=True, bound=True),
    *(_unused(name, _SERVICE, d=True, p=True) for name in ("id", "creation_context", "status")),
    _unused("provisioning_state", _SERVICE, d=True),
    _unused("services", _SERVICE, p=True),
    _unused("endpoint_name", "a run needs no endpoint", d=True),
    _unused("compute", _MACHINES, d=True, p=True, bound=True),
    _unused("compute_target", _MACHINES, v1=True),
    _unused("compute_target_name", _MACHINES, v1=True),
    _unused("environment_name", "give --python to choose the interpreter", v1=True),
    _unused("environment_dir_path", "give --python to choose the interpreter", v1=True),
    _unused("input_format", "the SDK leaves it out, too", v1=True),
    _unused("resources.instance_type", _MACHINES, d=True, p=True, bound=True),
    _unused("resources.shm_size", _MACHINES, d=True, p=True, bound=True),
    _unused("resources.docker_args", _MACHINES, d=True, p=True, bound=True),
    _unused("resources.properties", _MACHINES, d=True, p=True),
    _unused("resources.locations", _MACHINES, d=True, p=True),
    _unused("resources.max_instance_count", _MACHINES, d=True, p=True),
)

#: bscore's own, only by `--set`.
OWN: tuple[Option, ...] = (
    Option(
        "retry_short_returns", TRUTH, "try a mini-batch again that returned fewer rows than items",
        default=False,
    ),
    Option(
        "keep_partial", TRUTH, "summary_only: publish the script's own files of a job that did not complete",
        default=False,
    ),
    Option(
        "commit_interval", INTERVAL, "seconds of work that a crash may cost at most; 0: never synced",
        default=1.0,
    ),
    Option(
        "start", one_of("auto", "exec", "template"),
        "how workers start: each by exec, or forked from a template that has imported the script's libraries",
        default="auto",
    ),
)  # fmt: skip

OPTIONS: tuple[Option, ...] = (*SCORING, *DRIVER, *_CODE, *UNUSED, *OWN)
BY_NAME = {option.name: option for option in OPTIONS}
BY_SPELLING = index_by_name(OPTIONS)
#: Every `--argument` of the runtime, without dashes.
BY_ARGUMENT = {name: option for option in OPTIONS for name in option.driver}
#: Only a person's own use of the v1 SDK forbids these among the arguments (reference 1.16).
RESERVED_IN_V1 = frozenset(
    {
        "mini_batch_size", "error_threshold", "allowed_failed_count", "allowed_failed_percent", "output",
        "output_action", "logging_level", "process_count_per_node", "run_invocation_timeout", "run_max_try",
        "append_row_file_name",
    }
)  # fmt: skip

assert len(BY_NAME) == len(OPTIONS)
