"""Descriptors that wake an agent belong to others, who close them whenever they like."""

from __future__ import annotations

import os
from pathlib import Path

from bscore.core import events as e
from bscore.node.messages import StartWorker
from rigs import Rig, worker_name


def test_a_worker_is_heard_whose_socket_got_the_number_of_a_closed_wake_up_descriptor(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch):\n    return mini_batch\n") as rig:
        pipes = [os.pipe() for _ in range(4)]
        rig.reports += rig.agent.poll(0.0, [reader for reader, _ in pipes]).reports
        for reader, writer in pipes:
            os.close(reader)
            os.close(writer)
        rig.agent.carry_out([StartWorker(worker_name(0))])
        rig.reports += rig.agent.poll(0.0, []).reports
        rig.until(lambda: rig.found(e.WorkerReady))
        rig.assign(worker_name(0), ["a", "b"])
        assert rig.answered(1)[0].rows == b"a\nb\n"
