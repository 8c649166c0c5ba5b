"""`error.txt` of real runs over several nodes: groups, counts, and what the failures have in common."""

from __future__ import annotations

import re
from pathlib import Path

from bscore.cli.job_facts import read_facts, whole
from bscore.cli.job_words import words
from bscore.core.limits import Limits
from bscore.logtree import paths
from real_runs import finish, make_job, run_of, start_master

NODES = ("10.0.0.1", "10.0.0.2")
FAILS = """
import os, time
# Every worker has its node's name in the path of its working folder.
SECOND = "10.0.0.2" in os.getcwd()
left = 3
def run(mini_batch):
    global left
    while not SECOND and not os.path.exists("MARK"):
        time.sleep(0.002)
    if "/bad/" in mini_batch[0]:
        raise ValueError(f"no header in {mini_batch[0]!r}, line {len(mini_batch)}")
    if SECOND:
        left -= 1
        if not left:
            os.mkdir("MARK")
        raise OSError("the disk of this node is full")
    return mini_batch
"""


def test_what_failures_share_stands_beside_their_counts(tmp_path: Path) -> None:
    names = [f"/data/{folder}/{number}.csv" for number in range(20) for folder in ("good", "bad/a", "bad/b")]
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(names) + "\n")
    job = make_job(
        tmp_path,
        FAILS.replace("MARK", str(tmp_path / "second node has failed enough")),
        mini_batch_size=1,
        workers=1,
        inputs=(f"@{listed}",),
        limits=Limits(tries=2),
    )
    assert finish(start_master(job, nodes=NODES)) == 0
    run = run_of(job)
    text = (job.tree / paths.USER_ERRORS).read_text()
    header = next(group for group in run.errors.values() if group.error_type == "ValueError")
    assert header.count == 80, "two tries for each of forty items"
    assert f"occurred {header.count} times." in text
    assert "in score.py:11 in run" in text
    assert "In common: first items below /data/bad\n" in text
    disk = next(group for group in run.errors.values() if group.error_type == "OSError")
    assert disk.nodes == ["10.0.0.2"]
    after = text.partition("the disk of this node is full")[2]
    assert re.search(r"In common: first items below /data/good; on node 10.0.0.2 only, of 2 nodes\n", after)
    assert "one minute" not in text, "the whole run took less"


CULPRITS = """
import os, sys
def run(mini_batch):
    for path in mini_batch:
        if not path.endswith(("0", "1", "2", "3", "4")):
            raise KeyError("silent")
        print("scoring", os.path.basename(path))
        if path.endswith("item00003"):
            raise ValueError("bad file")
        if path.endswith("item00012"):
            os._exit(3)
    return mini_batch
"""


def test_a_failed_mini_batch_names_its_range_and_the_item_printed_last(tmp_path: Path) -> None:
    job = make_job(tmp_path, CULPRITS, items=15, workers=1, limits=Limits(tries=1))
    assert finish(start_master(job)) == 1
    text = (job.tree / paths.USER_ERRORS).read_text()
    ranges = "mini-batch {}, items /data/item{:05d} to item{:05d} (5)"
    raised, died, silent = ranges.format(0, 0, 4), ranges.format(2, 10, 14), ranges.format(1, 5, 9)
    assert f"{raised}, the last one printed is /data/item00003" in text
    assert f"{died}, the last one printed is /data/item00012" in text
    assert silent in text
    assert f"{silent}, the last" not in text
    shown = words(whole(read_facts(job.tree)))
    assert "items /data/item00000 to item00004 (5), the last one printed is /data/item00003" in shown
