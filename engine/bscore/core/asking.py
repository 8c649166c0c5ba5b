"""What the master answers to a request, and what has to be done for it. Decides, changes nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

from bscore.core.counted import counted
from bscore.core.instructions import Abandon, AbandonRest, Instruction, Kill, Stacks, TakeBack
from bscore.core.ranges import as_pairs
from bscore.core.state import Phase, Run, WorkerState

CANCEL, ABANDON, RESTART_WORKER, STACK = "cancel", "abandon", "restart-worker", "stack"
#: The argument of `abandon` that means all that is not over.
REMAINING = "remaining"
#: Mini-batches of one request: each becomes a record.
MAX_ABANDONED = 1000
_SHOWN = 8
_IDS = re.compile(r"\d{1,18}(-\d{1,18})?(,\d{1,18}(-\d{1,18})?)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer in words, whether the request is granted, and what to do for it."""

    granted: bool
    answer: str
    instructions: tuple[Instruction, ...] = ()


def reply(run: Run, what: str, arguments: str, who: str) -> Reply:
    """The answer to a request; `who` names the asker in the reasons that the journal keeps."""
    answer = _ANSWERS.get(what)
    if answer is None:
        known = ", ".join(_ANSWERS)
        return Reply(False, f"This version knows no request {what!r}; it knows {known}.")
    if run.phase is Phase.FINALIZING:
        return Reply(False, "The run is being finished: its output is about to get its name.")
    return answer(run, arguments, who)


def _cancel(run: Run, _arguments: str, _who: str) -> Reply:
    if run.canceled_by:
        return Reply(True, f"The run is being canceled already, by {run.canceled_by}.")
    over = f"{run.over:,} of {counted(run.mini_batches, 'mini-batch')}"
    return Reply(True, f"The run is being canceled: {over} {'is' if run.over == 1 else 'are'} finished.")


def _abandon(run: Run, arguments: str, who: str) -> Reply:
    if arguments == REMAINING:
        return _abandon_rest(run, who)
    ids = ids_of(arguments)
    if ids is None:
        return Reply(
            False, f"{arguments!r} names no mini-batches; give numbers such as 3,7-9 or {REMAINING!r}."
        )
    if len(ids) > MAX_ABANDONED:
        return Reply(
            False,
            f"{len(ids)} mini-batches at once are too many; give {MAX_ABANDONED} at most or {REMAINING!r}.",
        )
    instructions: list[Instruction] = []
    taken: list[int] = []
    problems: list[str] = []
    for mini_batch in ids:
        problem = _why_not(run, mini_batch)
        if problem:
            problems.append(problem)
            continue
        instructions += _give_up(run, mini_batch, who)
        taken.append(mini_batch)
    words = [f"{ids_text(taken)} abandoned"] if taken else []
    if len(problems) > _SHOWN:
        problems = [*problems[:_SHOWN], f"and {len(problems) - _SHOWN} more"]
    return Reply(bool(taken), "; ".join(words + problems) + ".", tuple(instructions))


def _why_not(run: Run, mini_batch: int) -> str:
    if mini_batch in run.done:
        return f"{mini_batch} is done already"
    if mini_batch in run.abandoned:
        return f"{mini_batch} is abandoned already"
    if mini_batch >= run.mini_batches:
        so_far = "" if run.listing_finished else " so far"
        return f"{mini_batch} is not there: {run.mini_batches} are created{so_far}, counted from 0"
    return ""


def _give_up(run: Run, mini_batch: int, who: str) -> list[Instruction]:
    """End the worker that runs it; take it back from one that only holds it."""
    reason = f"asked for by {who}"
    before: list[Instruction] = []
    holder = run.in_flight.get(mini_batch)
    if holder is not None:
        worker = run.workers[holder]
        if worker.queue[0] != mini_batch:
            before.append(TakeBack(holder, ((mini_batch, 1),)))
        elif worker.state is not WorkerState.STOPPING:
            before.append(Kill(holder, f"its mini-batch {mini_batch} was abandoned, {reason}"))
    charge = run.charges.get(mini_batch)
    return [*before, Abandon(mini_batch, charge.items if charge else -1, reason)]


def _abandon_rest(run: Run, who: str) -> Reply:
    if run.rest_given_up:
        return Reply(True, "What is not over is being abandoned already.")
    kills = [
        Kill(worker.id, f"its mini-batch {worker.queue[0]} was abandoned, asked for by {who}")
        for worker in run.workers.values()
        if worker.queue and worker.state is not WorkerState.STOPPING
    ]
    left = run.mini_batches - run.over
    more = "" if run.listing_finished else ", and what is listed from now on"
    answer = f"{counted(left, 'mini-batch')} abandoned{more}; {len(run.done)} are done, the limits decide."
    return Reply(True, answer, (*kills, AbandonRest(f"asked for by {who}")))


def _restart(run: Run, arguments: str, who: str) -> Reply:
    name, problem = find_worker(run, arguments)
    if problem:
        return Reply(False, problem)
    worker = run.workers[name]
    if worker.state is WorkerState.STOPPING:
        return Reply(False, f"{name} is being ended already: {worker.stopping_reason}.")
    running = f"; mini-batch {worker.queue[0]} goes back, uncharged" if worker.queue else ""
    return Reply(
        True,
        f"{name} (pid {worker.pid}) is ended{running}; a new one follows where work is left.",
        (Kill(name, f"restart asked for by {who}"),),
    )


def _stack(run: Run, arguments: str, _who: str) -> Reply:
    names = [worker.id for worker in run.workers.values() if worker.state is not WorkerState.STOPPING]
    if arguments:
        name, problem = find_worker(run, arguments)
        if problem:
            return Reply(False, problem)
        names = [name]
    if not names:
        return Reply(False, "No worker is alive now.")
    return Reply(True, f"{counted(len(names), 'worker')} asked.", tuple(map(Stacks, names)))


def find_worker(run: Run, given: str) -> tuple[str, str]:
    """The living worker that is meant by its whole name or its process alone, or why there is none."""
    if given in run.workers:
        return given, ""
    same = [name for name in run.workers if name.rpartition("/")[2] == given]
    if len(same) == 1:
        return same[0], ""
    if same:
        return "", f"{given!r} is on {len(same)} nodes: {_some(same)}."
    for gone in reversed(run.gone):
        if given in (gone.id, gone.id.rpartition("/")[2]):
            return "", f"{gone.id} is gone already: {gone.cause}."
    near = difflib.get_close_matches(given, run.workers, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" Alive: {_some(list(run.workers)) or 'none'}."
    return "", f"There is no worker {given!r}.{hint}"


def ids_of(text: str) -> list[int] | None:
    """`3,7-9` as ids, each once; None for anything else. More than allowed are cut just above the limit."""
    if not _IDS.fullmatch(text):
        return None
    found: dict[int, None] = {}
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        if int(last or first) < int(first):
            return None
        for mini_batch in range(int(first), int(last or first) + 1):
            found[mini_batch] = None
            if len(found) > MAX_ABANDONED:
                return list(found)
    return list(found)


def ids_text(ids: list[int]) -> str:
    """Ids as `3,7-9`."""
    pairs = as_pairs(sorted(ids))
    return ",".join(str(first) if count == 1 else f"{first}-{first + count - 1}" for first, count in pairs)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


_ANSWERS: dict[str, Callable[[Run, str, str], Reply]] = {
    CANCEL: _cancel,
    ABANDON: _abandon,
    RESTART_WORKER: _restart,
    STACK: _stack,
}
