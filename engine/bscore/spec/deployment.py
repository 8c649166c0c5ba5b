"""Batch deployment YAML: new (`settings:`), legacy (keys at the root), and v1's ParallelRunConfig."""

from __future__ import annotations

from bscore.spec.draft import Draft
from bscore.spec.given import Reading, read_keys, text_of
from bscore.spec.options import Dialect
from bscore.spec.problems import SpecError, problem_at
from bscore.spec.yaml_text import Document, Table


def read_deployment(document: Document) -> Draft:
    """Read a batch deployment; raises SpecError when it deploys no model."""
    reading = Reading(Dialect.DEPLOYMENT, document.folder)
    root = document.root
    kind = text_of(root.entries["type"]) if "type" in root.entries else "model"
    if kind != "model":
        what = f"a deployment of type {kind} has no scoring script that could run here"
        raise SpecError([problem_at(root.entries["type"].place, "type", what=what, expected="type: model")])
    read_keys(root, reading)
    return Draft(reading)


def read_v1(document: Document) -> Draft:
    """Read a ParallelRunConfig as its save_to_yaml writes it, or its keys alone."""
    reading = Reading(Dialect.V1, document.folder)
    root = document.root
    if "parallel_run_config" in root.entries:
        inner = root.entries["parallel_run_config"]
        if not isinstance(inner, Table):
            expected = "the keys of a ParallelRunConfig"
            given = text_of(inner)
            raise SpecError([problem_at(inner.place, "parallel_run_config", given=given, expected=expected)])
        others = Table({k: v for k, v in root.entries.items() if v is not inner}, root.keys, root.place)
        read_keys(others, reading)
        root = inner
    read_keys(root, reading)
    return Draft(reading)
