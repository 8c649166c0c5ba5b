"""A `type: parallel` step: a file of its own, or one step of a pipeline YAML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bscore.errors import NotFoundError
from bscore.spec.bindings import Binding, over, read_bindings
from bscore.spec.draft import Draft
from bscore.spec.given import Reading, read_keys, text_of, unknown_key
from bscore.spec.options import Dialect
from bscore.spec.problems import COMMAND_LINE, SpecError, near_match, problem_at
from bscore.spec.yaml_text import Document, Listing, Node, Scalar, Table, load_yaml

_PIPELINE_KEYS = (
    "$schema", "type", "name", "display_name", "description", "experiment_name", "tags", "settings", "inputs",
    "outputs", "jobs", "compute", "identity", "properties", "schedule", "services", "version",
)  # fmt: skip


_NAMED: tuple[str, ...] = ("inputs", "outputs")


def read_step_file(document: Document) -> Draft:
    """Read a step (or component) that is a file of its own."""
    reading = Reading(Dialect.PARALLEL, document.folder)
    read_keys(document.root, reading)
    return _with_bindings(reading)


def read_pipeline(document: Document, step: str | None) -> Draft:
    """Read the one parallel step of a pipeline, or the one that is named; raises SpecError."""
    root = document.root
    reading = Reading(Dialect.PARALLEL, document.folder)
    for key, place in root.keys.items():
        if key not in _PIPELINE_KEYS:
            reading.problems.append(unknown_key(place, "", key, dict.fromkeys(_PIPELINE_KEYS)))
    jobs = root.entries["jobs"]
    if not isinstance(jobs, Table):
        raise SpecError([problem_at(jobs.place, "jobs", given=text_of(jobs), expected="steps by name")])
    components = {name: _component(node, document) for name, node in jobs.entries.items()}
    name = _choose(jobs, components, step, document)
    if len(jobs.entries) > 1:
        others = ", ".join(other for other in jobs.entries if other != name)
        reading.notes.append(f"only step {name} runs, not: {others}")
    parents = {
        key: read_bindings(root.entries[key], key, document.folder, reading.problems)
        for key in _NAMED
        if key in root.entries and not _is_null(root.entries[key])
    }
    node = jobs.entries[name]
    assert isinstance(node, Table)
    read_keys(node, reading)
    component = components[name]
    draft = _with_bindings(reading)
    if component is not None:
        draft = _over_component(draft, component)
    draft.parents.update(parents)
    draft.step = name
    return draft


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.null


def _component(node: Node, document: Document) -> Document | None:
    """The file that a step's `component:` names, when the step may be a parallel job."""
    if not isinstance(node, Table):
        return None
    kind = node.entries.get("type")
    if isinstance(kind, Scalar) and not kind.null and kind.text != "parallel":
        return None
    named = node.entries.get("component")
    if not isinstance(named, Scalar) or named.text.startswith("azureml:"):
        return None
    path = Path(document.folder, named.text.removeprefix("file:"))
    shown_as = str(Path(document.file).parent / named.text.removeprefix("file:"))
    try:
        return load_yaml(path, shown_as=shown_as)
    except NotFoundError:
        what = "there is no such component file"
        raise SpecError([problem_at(named.place, "component", what=what, given=named.text)]) from None


def _is_parallel(node: Node, component: Document | None) -> bool:
    if not isinstance(node, Table):
        return False
    kind = node.entries.get("type")
    if kind is None and component is not None:
        kind = component.root.entries.get("type")
    if kind is None:
        return "task" in node.entries
    return isinstance(kind, Scalar) and kind.text == "parallel"


def _choose(jobs: Table, components: dict[str, Document | None], step: str | None, document: Document) -> str:
    parallel = [name for name, node in jobs.entries.items() if _is_parallel(node, components[name])]
    if step is None:
        if len(parallel) == 1:
            return parallel[0]
        what = f"has {len(parallel)} steps of type parallel" if parallel else "has no step of type parallel"
        expected = "--step with one of " + ", ".join(parallel) if parallel else "one step of type: parallel"
        raise SpecError([problem_at(jobs.place, "jobs", what=what, expected=expected)])
    if step in parallel:
        return step
    what = "is no parallel step" if step in jobs.entries else f"there is no such step in {document.file}"
    expected = "one of " + ", ".join(parallel) if parallel else "a pipeline with a step of type: parallel"
    near = near_match(step, parallel)
    raise SpecError([problem_at(COMMAND_LINE, "--step", what=what, given=step, expected=expected, near=near)])


def _with_bindings(reading: Reading) -> Draft:
    draft = Draft(reading)
    for kind in ("inputs", "outputs"):
        given = reading.given.get(kind)
        if given is not None and isinstance(given.value, Scalar | Listing | Table):
            draft.named(kind).update(read_bindings(given.value, kind, reading.base, reading.problems))
    return draft


def _over_component(draft: Draft, component: Document) -> Draft:
    """What the step says wins over what its component says; both are checked."""
    inner = read_step_file(component)
    for name, given in draft.given.items():
        if name not in {"inputs", "outputs"}:
            if name in inner.given:
                inner.reading.beside.append(inner.given[name])
            inner.given[name] = given
    for kind in ("inputs", "outputs"):
        _lay_over(inner.named(kind), draft.named(kind))
    inner.reading.problems[:0] = draft.reading.problems
    inner.reading.notes[:0] = draft.reading.notes
    inner.reading.beside += draft.reading.beside
    return inner


def _lay_over(declared: dict[str, Binding], given: dict[str, Binding]) -> None:
    """What the step gives for what the component declares."""
    for name, binding in given.items():
        known = declared.get(name)
        if binding.expression:
            declared[name] = replace(binding, declared=known)
        else:
            declared[name] = over(known, binding)
