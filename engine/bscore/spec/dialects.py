"""Which dialect a document is written in."""

from __future__ import annotations

from bscore.spec.deployment import read_deployment, read_v1
from bscore.spec.draft import Draft
from bscore.spec.given import text_of
from bscore.spec.parallel import read_pipeline, read_step_file
from bscore.spec.problems import COMMAND_LINE, Place, Problem, SpecError, near_match, problem_at
from bscore.spec.yaml_text import Document

_V1_KEYS = frozenset(
    {"parallel_run_config", "entry_script", "source_directory", "process_count_per_node", "run_max_try"}
)
_ONLINE_KEYS = frozenset(
    {
        "instance_type", "app_insights_enabled", "model_mount_path", "request_settings", "liveness_probe",
        "readiness_probe", "scale_settings", "egress_public_network_access", "data_collector",
    }
)  # fmt: skip
#: Keys that no online deployment has.
_BATCH_KEYS = frozenset(
    {
        "settings", "compute", "mini_batch_size", "max_concurrency_per_instance", "error_threshold",
        "output_action", "output_file_name", "retry_settings", "task", "jobs", *_V1_KEYS,
    }
)  # fmt: skip
#: Whatever has a name and nothing but these describes an endpoint.
_ENDPOINT_KEYS = frozenset(
    {
        "name", "description", "tags", "properties", "location", "identity", "scoring_uri",
        "openapi_uri", "id", "provisioning_state",
    }
)  # fmt: skip
_TYPES = ("model", "parallel", "pipeline")


def read_document(document: Document, step: str | None) -> Draft:
    """Read a document in its dialect; raises SpecError when it is none that describes batch scoring."""
    keys = set(document.root.entries)
    if refusal := _no_job(document):
        raise SpecError([refusal])
    kind = text_of(document.root.entries["type"]) if "type" in keys else ""
    if "jobs" in keys:
        return read_pipeline(document, step)
    if step is not None:
        what = f"{document.file} is no pipeline: it has no steps"
        raise SpecError([problem_at(COMMAND_LINE, "--step", what=what, given=step)])
    if kind == "parallel" or (not kind and "task" in keys):
        return read_step_file(document)
    if not kind and keys & _V1_KEYS:
        return read_v1(document)
    return read_deployment(document)


def _no_job(document: Document) -> Problem | None:
    """Documents that people have beside their job's, each with what to give instead."""
    root = document.root
    if "bscore_job" in root.entries:
        what = "is the record of a job that ran: `bscore job resume` continues it"
    elif "onlineendpoint" in _schema(document):
        what = "is an online endpoint, which answers requests; give the YAML of a batch deployment"
    elif _is_endpoint(document):
        what = "is a batch endpoint; give the YAML of its deployment"
    elif place := _online(document):
        what = "belongs to an online deployment, which answers requests; a batch deployment scores files"
        expected = (
            "a batch deployment: settings such as mini_batch_size and output_file_name in place of "
            "instance_type and request settings, and a script whose run(mini_batch) takes a list of files"
        )
        return problem_at(place, "", what=what, expected=expected)
    elif "pipeline" in root.entries:
        what = "is a v1 pipeline; give the YAML that its parallel_run_config names"
    elif "dependencies" in root.entries and "channels" in root.entries:
        what = "is a conda file; give the YAML of a job or deployment"
    else:
        return _type_problem(document)
    return problem_at(root.place, "", what=what)


def _schema(document: Document) -> str:
    schema = document.root.entries.get("$schema")
    return "" if schema is None else text_of(schema).lower()


def _is_endpoint(document: Document) -> bool:
    keys = document.root.entries.keys()
    if "batchendpoint" in _schema(document) or keys & {"defaults", "auth_mode"}:
        return True
    return "name" in keys and "$schema" not in keys and keys <= _ENDPOINT_KEYS


def _online(document: Document) -> Place | None:
    """Where a document shows that it is of an online deployment, and nothing in it is of a batch one."""
    root = document.root
    if "onlinedeployment" in _schema(document):
        return root.keys["$schema"]
    if root.entries.keys() & _BATCH_KEYS:
        return None
    return next((place for key, place in root.keys.items() if key in _ONLINE_KEYS), None)


def _type_problem(document: Document) -> Problem | None:
    root = document.root
    if "type" not in root.entries:
        return None
    node = root.entries["type"]
    kind = text_of(node)
    is_deployment = "endpoint_name" in root.entries or "component" in root.entries
    if kind in {"model", "parallel"} or (kind == "pipeline" and ("jobs" in root.entries or is_deployment)):
        return None
    if kind == "pipeline":
        return problem_at(node.place, "jobs", what="a pipeline without jobs")
    near = near_match(kind, _TYPES)
    return problem_at(node.place, "type", given=kind, expected="one of " + ", ".join(_TYPES), near=near)
