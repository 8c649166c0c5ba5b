"""Requests carried out: each is answered by one record of the journal, granted or not."""

from __future__ import annotations

import socket
from pathlib import Path

from bscore.core import asking
from bscore.core import events as e
from bscore.core.asking import Reply
from bscore.master.carry import Carrier
from bscore.master.recorder import Recorder
from bscore.master.requests import Request, take

_TOO_OLD = "It was asked before this term began and is not carried out; ask again."


def act(
    recorder: Recorder, carrier: Carrier, request: Request, now: int, *, too_old: bool = False
) -> e.RequestTaken:
    """Answer a request and do what it asks for; `too_old`: it was meant for an earlier master."""
    reply = _reply(recorder, request, too_old=too_old)
    taken = e.RequestTaken(
        now,
        request.what,
        request.arguments,
        request.who,
        request.where,
        request.name,
        reply.answer,
        reply.granted,
    )
    recorder.record(taken)
    carrier.carry_out(list(reply.instructions), now)
    return taken


def _reply(recorder: Recorder, request: Request, *, too_old: bool) -> Reply:
    if request.problem:
        return Reply(False, request.problem)
    if too_old:
        return Reply(False, _TOO_OLD)
    who = f"{request.who} on {request.where}" if request.where else request.who
    return asking.reply(recorder.run, request.what, request.arguments, who)


def answer_late(recorder: Recorder, tree: Path, now: int) -> None:
    """Answer what was asked while the run came to its end."""
    for request in take(tree):
        answer = request.problem or "The run has come to its end; nothing is left to do."
        recorder.record(
            e.RequestTaken(
                now, request.what, request.arguments, request.who, request.where, request.name, answer, False
            )
        )


def cancel_by_signal(recorder: Recorder, by: str, now: int) -> None:
    """Ctrl-C or SIGTERM: the same as a request to cancel."""
    answer = asking.reply(recorder.run, asking.CANCEL, "", by).answer
    recorder.record(e.RequestTaken(now, asking.CANCEL, "", by, socket.gethostname(), "", answer))
