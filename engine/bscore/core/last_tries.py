"""The last failed attempt of mini-batches that need a look: of open, tried again and abandoned ones."""

from __future__ import annotations

from bscore.core.state import MAX_KEPT_TRIES, REASON_CHARS, WHY_CHARS, Charge, LastTry, Run


def charge_attempt(run: Run, mini_batch: int, worker: str, items: int, at: int, why: str, place: str) -> None:
    """Charge a failed attempt to an open mini-batch; `why` may be of several lines."""
    charge = run.charges.get(mini_batch)
    if charge is None:
        charge = run.charges[mini_batch] = Charge(0, worker, items)
    charge.tries, charge.worker, charge.items, charge.at = charge.tries + 1, worker, items, at
    charge.why, charge.place = why.strip().partition("\n")[0][:WHY_CHARS], place[:WHY_CHARS]
    if mini_batch in run.tried_again:
        run.tried_again[mini_batch] = _last_try(charge)


def keep_tried_again(run: Run, mini_batch: int, charge: Charge) -> None:
    """Count a mini-batch of which another try is given out, once."""
    if mini_batch not in run.tried_again:
        run.retried += 1
    _keep(run.tried_again, mini_batch, _last_try(charge))


def keep_abandoned(
    run: Run, mini_batch: int, holder: str | None, charge: Charge | None, at: int, reason: str
) -> None:
    """Remember why a mini-batch was abandoned; `holder`: the worker that had it then."""
    last = LastTry(0, "", at) if charge is None else _last_try(charge)
    last.worker, last.at, last.reason = holder or last.worker, at, reason[:REASON_CHARS]
    _keep(run.last_tries, mini_batch, last)


def _last_try(charge: Charge) -> LastTry:
    return LastTry(charge.tries, charge.worker, charge.at, charge.why, charge.place)


def _keep(known: dict[int, LastTry], mini_batch: int, last: LastTry) -> None:
    """Keep it as the newest, and the newest ones only."""
    known.pop(mini_batch, None)
    known[mini_batch] = last
    if len(known) > MAX_KEPT_TRIES:
        del known[next(iter(known))]
