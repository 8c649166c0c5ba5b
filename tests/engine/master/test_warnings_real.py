"""`warning.txt` of real runs: what several workers warned of, and what the run itself did."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytest

from bscore.backends.inline import CounterClock, InlineBackend
from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.master.run import run_job
from real_runs import events_of, make_job, run_here, run_of

ALIKE = """
import logging, os, warnings
from azureml_user.parallel_run import EntryScript
logger = EntryScript().logger
def init():
    warnings.warn("the model is old")
def run(mini_batch):
    for path in mini_batch:
        warnings.warn("no header in %s" % path)
        logging.warning("skipped %s", os.path.basename(path))
        logger.warning("%s of my own", path)
        logging.info("not a warning")
    return mini_batch
"""
MANY = """
import logging
def run(mini_batch):
    for number in range(5000):
        logging.warning("bad cell %d", number)
        logging.getLogger("noise").error(f"row {number} \\x1b[2J\\n\\ud800 is bad")
    return mini_batch
"""
ENDINGS = """
import logging, os, sys, time
def run(mini_batch):
    if "item00000" in mini_batch[0]:
        while True:
            logging.warning("retrying")
            time.sleep(0.05)
    for _ in range(6):
        logging.warning("leaving")
    sys.exit(3)
"""


def text_of(tree: Path) -> str:
    return (tree / paths.USER_WARNINGS).read_text()


def test_warnings_of_several_workers_are_grouped_and_add_up(tmp_path: Path) -> None:
    job = make_job(tmp_path, ALIKE, items=60)
    assert run_here(job) == 0
    run = run_of(job)
    said = {(group.category, group.place): group for group in run.warnings.values()}
    for kind in ("WARNING:root", "WARNING:azureml_user.entry_script"):
        (group,) = [found for (category, _), found in said.items() if category == kind]
        assert group.count == 60
        assert group.place.startswith("score.py:")
        assert group.first_mini_batch >= 0
    header = said["UserWarning", "score.py:9"]
    assert header.count == 60
    assert header.first_at <= header.last_at <= run.last
    model = said["UserWarning", "score.py:6"]
    assert 1 <= model.count <= 2
    assert model.first_mini_batch == -1
    text = text_of(job.tree)
    assert "UserWarning 'no header in /data/item000" in text
    printed = [
        (job.tree / paths.user_stderr("127.0.0.1", process)).read_text()
        for process in ("process000", "process001")
    ]
    assert "UserWarning: no header in" in "".join(printed), "and they stand where they always did"
    assert paths.USER_WARNINGS in (job.tree / paths.JOB_RESULT).read_text()


@pytest.mark.slow
def test_a_hundred_thousand_warnings_cost_the_journal_next_to_nothing(tmp_path: Path) -> None:
    job = make_job(tmp_path, MANY, items=50)
    assert run_here(job) == 0
    records = [event for event in events_of(job) if isinstance(event, e.WarningsSeen)]
    assert len([event for event in records if event.source == "logging"]) < 60
    counts = {group.category: group.count for group in run_of(job).warnings.values()}
    assert counts["WARNING:root"] == counts["ERROR:noise"] == 50_000
    assert text_of(job.tree).isascii()
    assert all(line.isprintable() for line in text_of(job.tree).splitlines())


def test_what_a_worker_said_before_its_end_is_known(tmp_path: Path) -> None:
    limits = Limits(tries=1, run_invocation_timeout_s=0.5, task_overhead_timeout_s=0.1)
    job = make_job(tmp_path, ENDINGS, items=10, limits=limits)
    assert run_here(job) == 1
    groups = {group.message: group for group in run_of(job).warnings.values()}
    assert groups["leaving"].count == 6, "sys.exit() says its last words"
    assert groups["retrying"].count >= 4, "a worker that hangs is heard while it hangs"
    assert not [group for group in groups.values() if "is gone" in group.message], "WorkerGone says that"


def test_inline_workers_count_each_their_own_and_leave_the_caller_alone(tmp_path: Path) -> None:
    job = make_job(tmp_path, ALIKE, items=20)
    before = warnings.showwarning, logging.Logger.callHandlers
    with warnings.catch_warnings(record=True) as shown:
        run_job(job, make_backend=InlineBackend, clock=CounterClock())
    assert len(shown) == 22, "they are shown as ever, here to the caller who records"
    assert (warnings.showwarning, logging.Logger.callHandlers) == before
    logs = list((job.tree / "logs/user/entry_script_log").rglob("*.txt"))
    assert len(logs) == 2
    assert sum(log.read_text().count("of my own") for log in logs) == 20
    assert all("of my own" in log.read_text() for log in logs), "each worker writes its own"
    counts = {(group.category, group.place): group.count for group in run_of(job).warnings.values()}
    assert counts["WARNING:root", "score.py:10 in run"] == 20
    assert counts["UserWarning", "score.py:9"] == 20
