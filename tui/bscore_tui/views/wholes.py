"""What a row stands for, whole: texts that a screen has no room for, to be read and copied."""

from __future__ import annotations

from bscore.logtree import paths
from bscore_tui.views.model import ErrorRow, Model, WorkerRow
from bscore_tui.views.styles import name_of, opened
from bscore_tui.views.trace import again

Whole = tuple[str, str]
"""(what it is, the text)"""


def wholes(target: str, model: Model) -> list[Whole]:
    """The texts of what a selected row names, as its target says; of the job where it names nothing."""
    kind, _, name = opened(target).partition(":")
    row = name_of(target) or (name if kind == "log" else "")
    found: list[Whole] = [("message", note.text) for note in model.notes if row and note.name == row]
    if kind == "error":
        found += [text for error in model.errors if error.key == name for text in _of_error(error, model)]
    elif kind == "worker":
        workers = (one for node in model.nodes for one in (*node.workers, *node.gone) if one.id == name)
        found += [text for worker in workers for text in _of_worker(worker)]
    elif kind == "mb":
        found.append(("run it here", f"bscore job debug {model.called} --mini-batch {name}"))
    elif kind in ("file", "log"):
        found.append(("file", name.rpartition("@")[0] or name))
    found += [("finding", text) for text in _findings(target, model)]
    return [(label, text) for label, text in found if text] or _of_job(model)


def _findings(target: str, model: Model) -> list[str]:
    known = (finding for finding in model.findings if target and finding.target == opened(target))
    return [f"{finding.text}. {finding.remedy}".removesuffix(". ") for finding in known]


def _of_error(row: ErrorRow, model: Model) -> list[Whole]:
    return [
        ("message", row.what),
        ("raised", row.place),
        ("items", row.items),
        ("folder", row.folder),
        ("trace", row.trace.partition("@")[0]),
        ("again", again(model, row)),
    ]


def _of_worker(row: WorkerRow) -> list[Whole]:
    stdout = paths.user_stdout(*paths.split_worker(row.id))
    return [("worker", row.id), ("why", row.cause), ("stack", row.stack), ("stdout", stdout)]


def _of_job(model: Model) -> list[Whole]:
    texts = [
        ("job", model.called or model.job),
        ("why", model.reason),
        *(("finding", f"{finding.text}. {finding.remedy}".removesuffix(". ")) for finding in model.findings),
        ("output", model.output),
        ("script", model.script),
        ("python", model.interpreter),
    ]
    return [(label, text) for label, text in texts if text]
