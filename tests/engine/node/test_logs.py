"""What an agent writes: worker logs, its own log, resources; whole lines, and the original's headers."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from bscore.core.events import FindingMade
from bscore.core.limits import Limits
from bscore.logtree.source import LocalSource
from bscore.node import deaths, resources, stacks
from bscore.node.clock import Clock
from bscore.node.lines import LineFile, Stamps, one_line
from bscore.node.messages import Heartbeat
from bscore.node.tables import Tables
from bscore.observe import UsageReader
from rigs import NODE, Rig

LOG = f"logs/sys/node/{NODE}/process000.txt"
PREFIX = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\|(INFO|WARNING|ERROR)\|\d+\|"


def test_a_short_mini_batch_is_one_line_with_everything(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return mini_batch[:1]") as rig:
        rig.assign(rig.start(), ["a", "b"], first=7)
        rig.answered(1)
        lines = rig.text(LOG).splitlines()
        assert all(re.match(PREFIX, line) for line in lines)
        (line,) = [line for line in lines if "task_id=7" in line]
        pid = rig.agent.workers["127.0.0.1/process000"].system.pid
        assert re.fullmatch(
            PREFIX
            + r"Finished mini-batch task_id=7 dequeue_count=1 status=RUN_DONE total=2 succeeded=1 failed=1 "
            rf"rows=1 ip=127\.0\.0\.1 pid={pid} start_time=[\d-]+T[\d:]+\.\d{{6}} duration=\d+\.\d{{9}} "
            r"process_time=\d+\.\d{9} run_method_duration=\d+\.\d{9}",
            line,
        )


@pytest.mark.slow
def test_a_long_mini_batch_is_said_while_it_runs(tmp_path: Path) -> None:
    script = "import time\ndef run(mini_batch):\n    time.sleep(1.5)\n    return mini_batch"
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a"])
        rig.until(lambda: rig.agent.poll(0.2) and "Picked mini-batch task_id=0" in rig.text(LOG))
        assert "Finished" not in rig.text(LOG)
        (line,) = [line for line in rig.text(LOG).splitlines() if "Picked" in line]
        assert line[:19] == line.rpartition("start_time=")[2][:19].replace("T", " ")
        rig.answered(1)
        assert "Finished mini-batch task_id=0" in rig.text(LOG)


def test_the_agents_own_log_has_four_bars(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): pass") as rig:
        rig.stop(rig.start())
        rig.gone()
    lines = rig.text(f"logs/sys/node/{NODE}/_main.txt").splitlines()
    assert all(re.match(PREFIX + r"\d+\|", line) for line in lines)
    assert any(line.endswith("|process000 exits with returncode 0.") for line in lines)


def test_foreign_text_stays_on_its_line(tmp_path: Path) -> None:
    script = "def run(mini_batch): raise ValueError('one\\ntwo\\x1b[31m\\u2028three')"
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a\nb"])
        rig.answered(1)
        lines = rig.text(LOG).splitlines()
        assert all(re.match(PREFIX, line) for line in lines)
        assert "\x1b" not in rig.text(f"logs/user/error/{NODE}/process000.txt")


def test_a_log_that_cannot_be_written_is_a_finding_and_no_end(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): raise ValueError(1)") as rig:
        name = rig.start()
        errors = rig.tree / f"logs/user/error/{NODE}"
        errors.parent.mkdir(parents=True)
        errors.write_text("in the way of the folder")
        rig.assign(name, ["a"], ["b"])
        rig.answered(2)
        assert [f.trace for f in rig.failures] == ["", ""]
        assert [f.code for f in rig.found(FindingMade)] == [f"log-write-failed-{NODE}"]


def test_a_torn_write_is_taken_back(tmp_path: Path) -> None:
    file = LineFile(str(tmp_path), "deep/log.txt")
    assert file.write(b"one\n") == 0
    assert file.write(b"two\n") == 4
    file.close()
    file.close()
    assert (tmp_path / "deep/log.txt").read_bytes() == b"one\ntwo\n"
    with Path("/dev/full").open("wb"), pytest.raises(OSError, match="No space"):
        LineFile("/dev", "full").write(b"x\n")


def test_times_are_written_as_the_original_does() -> None:
    stamps = Stamps(Clock())
    at = 1_603_508_356_472_606
    assert stamps.iso(at) == "2020-10-24T02:59:16.472606"
    assert stamps.log(at) == "2020-10-24 02:59:16,472"
    assert stamps.log(at + 527_394) == "2020-10-24 02:59:17,000"


def test_one_line_escapes_what_would_leave_it() -> None:
    assert one_line("plain ä 日本") == "plain ä 日本"
    assert one_line("a\nb\t\x1b\udcff") == r"a\nb\t\x1b\udcff"


def test_resources_are_sampled_soon_after_the_start_with_the_originals_headers(tmp_path: Path) -> None:
    script = "import time\ndef run(mini_batch): time.sleep(60)"
    changes = {"heartbeat_s": 0.2, "resource_monitor_interval_s": 600.0, "limits": Limits(600.0)}
    with Rig(tmp_path, script, **changes) as rig:
        name = rig.start()
        rig.assign(name, ["a"], first=3)
        beats: list[Heartbeat] = []

        def beat() -> Heartbeat | None:
            poll = rig.agent.poll(0.05)
            if poll.heartbeat is not None and poll.heartbeat.workers:
                beats.append(poll.heartbeat)
            return next((b for b in beats if b.workers[0].mini_batch == 3), None)

        heartbeat = rig.until(beat)
        assert heartbeat.memory_total_mb > heartbeat.memory_used_mb > 0
        pulse = heartbeat.workers[0]
        assert (pulse.worker, pulse.mini_batch) == (name, 3)
        assert pulse.memory_mb > 1
        perf = rig.tree / f"logs/perf/{NODE}"
        (listing,) = rig.until(lambda: list(perf.glob("os/*/processes_*")))
        assert listing.stat().st_mode & 0o777 == 0o600
        rig.until(lambda: listing.stat().st_size)
        assert "COMMAND" in listing.read_text().splitlines()[0]
    beats_text = (perf / "heartbeat.csv").read_text().splitlines()
    assert (
        beats_text[0] == "Utc Time,Name,Cpu Percent,Memory (MB),Memory Percent,Mini-batch Id,Running Seconds"
    )
    assert [line.split(",")[1] for line in beats_text[1:3]] == ["node", "manager"]
    assert any(line.split(",")[1] == "process000" and line.split(",")[5] == "3" for line in beats_text)
    assert (
        (perf / "node_resource_usage.csv")
        .read_text()
        .splitlines()[0]
        .startswith("Utc Time,Cpu Percent,Memory Total (MB)")
    )
    assert (
        (perf / "node_disk_usage.csv")
        .read_text()
        .startswith("Utc Time,Disk (/) Total (MB),Disk (/) Used (MB)")
    )
    rows = (perf / "processes_resource_usage.csv").read_text().splitlines()
    assert rows[0].endswith("Disk Io Read (MB),Disk Io Write (MB),Thread Num")
    assert [row.split(",")[1] for row in rows[1:]] == ["manager", "process000"]
    for table in ("node_resource_usage.csv", "node_disk_usage.csv", "processes_resource_usage.csv"):
        lines = (perf / table).read_text().splitlines()
        assert {line.count(",") for line in lines} == {lines[0].count(",")}


def test_an_interval_of_nothing_switches_the_monitor_off_but_not_the_heart(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): pass", heartbeat_s=0.1, resource_monitor_interval_s=0.0) as rig:
        rig.until(lambda: rig.agent.poll(0.1).heartbeat)
        assert not (rig.tree / "logs/perf").exists()
        assert (rig.tree / f"logs/sys/node/{NODE}/heartbeat.csv").exists()
        source = LocalSource(rig.tree)
        reader = UsageReader(source)
        rig.until(lambda: rig.agent.poll(0.1) and reader.poll([NODE]))
        assert reader.nodes[NODE].samples
    assert "bscore-sampler" not in [thread.name for thread in threading.enumerate()]


def test_every_listing_of_an_interval_under_a_minute_is_kept(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): pass") as rig:
        tables = Tables(rig.setup, rig.agent.clock)
        minute = 1_800_000_000_000_000 // 60_000_000 * 60_000_000
        for second in (1, 20, 40):
            tables.listing(minute + second * 1_000_000)
        listed = list((rig.tree / f"logs/perf/{NODE}/os").glob("*/processes_*"))
        assert len(listed) == 3
        assert all(path.stat().st_size for path in listed)


def test_the_last_sample_is_written_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_LAST_AFTER_S", 0.0)
    monkeypatch.setattr(resources, "_FIRST_S", 0.01)
    with Rig(tmp_path, "def run(mini_batch): pass") as rig:
        rig.until(lambda: rig.agent.poll(0.1).heartbeat)
    beats = rig.text(f"logs/sys/node/{NODE}/heartbeat.csv").splitlines()
    assert [line.split(",")[1] for line in beats].count("node") == 2


def test_a_failed_attempt_has_the_figures_of_a_finished_one(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): raise ValueError") as rig:
        rig.assign(rig.start(), ["a", "b"])
        rig.answered(1)
        (line,) = [line for line in rig.text(LOG).splitlines() if "task_id" in line]
        detail = json.loads(line[line.index("{") :])
        pid = rig.agent.workers["127.0.0.1/process000"].system.pid
        assert {
            "total": 2,
            "succeeded": 0,
            "failed": 2,
            "rows": 0,
            "ip": NODE,
            "pid": pid,
        }.items() <= detail.items()


@pytest.mark.parametrize(
    ("code", "number", "where", "tail", "words"),
    [
        (3, None, "run()", "", "exit code 3: sys.exit() in run()"),
        (1, None, "", "ImportError: no", "ImportError: no"),
        (0, None, "", "", "os._exit()"),
        (120, None, "", "Exception ignored", "the script closed descriptors"),
        (120, None, "run()", "", "exit code 120: sys.exit() in run()"),
        (None, 9, "", "", "memory"),
        (None, 11, "", "", "SIGSEGV"),
        (None, 6, "", "", "a failed assertion"),
        (None, 6, "", "  what(): no device", "in native code; last line of its stderr: what(): no device"),
        (None, 40, "", "", "real-time signal 40"),
    ],
)
def test_a_death_is_told_with_its_likely_cause(
    code: int | None, number: int | None, where: str, tail: str, words: str
) -> None:
    assert words in deaths.cause(code, number, where, tail)


STACKS = """Fatal Python error: Segmentation fault

Thread 0x00007f1 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 324 in wait
  File "/code/pool.py", line 3 in idle

Thread 0x00007f3 (most recent call first):
  File "/x/bscore_worker/wire.py", line 78 in receive
  File "/x/bscore_worker/control.py", line 58 in _listen

Current thread 0x00007f2 (most recent call first):
  File "/usr/lib/python3.11/json/decoder.py", line 355 in raw_decode
  File "/code/score.py", line 12 in parse
  File "/code/score.py", line 7 in run
  File "/x/bscore_worker/loop.py", line 150 in _run
  File "<string>", line 14 in <module>

Extension modules: numpy (total: 1)
"""


def test_the_place_in_a_stack_is_the_scripts_innermost_frame_of_the_running_thread() -> None:
    assert stacks.place(STACKS, "/code") == "score.py:12 in parse"
    assert stacks.place(STACKS, "/elsewhere") == "/usr/lib/python3.11/json/decoder.py:355 in raw_decode"
    assert stacks.place("", "/code") == ""


def test_stacks_are_shown_without_our_frames() -> None:
    shown = stacks.without_own_frames(STACKS)
    assert "bscore_worker" not in shown
    assert "<string>" not in shown
    assert "pool.py" in shown
    assert "Fatal Python error" in shown


def test_a_sample_that_breaks_is_said_once_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("an odd line in /proc")

    monkeypatch.setattr("bscore.node.tables.read_process", breaks)
    with Rig(tmp_path, "def run(b):\n    return b\n", heartbeat_s=0.01) as rig:
        (found,) = rig.until(lambda: rig.found(FindingMade))
        assert "an odd line in /proc" in found.text
        assert rig.agent._sampler._thread.is_alive()
