"""Resources read from the end, backwards, and as of a moment: always what the whole file says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bscore.logtree import paths
from bscore.logtree.source import MemorySource
from bscore.observe.usage import UsageReader

NODE = "10.0.0.4"
BEGUN = datetime(2026, 4, 11, 2, 0, tzinfo=UTC)
HEAD = b"Utc Time,Name,Cpu Percent,Memory (MB),Memory Percent,Mini-batch Id,Running Seconds\n"


def moment(beat: int) -> int:
    return round(BEGUN.timestamp() * 1e6) + beat * 5_000_000


def beats(first: int, last: int, workers: int = 8) -> bytes:
    """Heartbeats: CPU of the node is the number of the beat, so is what each worker runs."""
    lines = []
    for beat in range(first, last):
        stamp = (BEGUN + timedelta(seconds=5 * beat)).replace(tzinfo=None).isoformat(timespec="microseconds")
        lines.append(f"{stamp},node,{beat}.0,100.00,50.0,,")
        lines += [f"{stamp},process{n:03},1.5,20.25,0.5,{beat},2.0" for n in range(workers)]
    return "".join(f"{line}\n" for line in lines).encode()


def read(data: bytes) -> tuple[dict[str, bytes], UsageReader]:
    files = {paths.heartbeat(NODE): HEAD + data}
    reader = UsageReader(MemorySource(files))
    assert reader.poll([NODE])
    return files, reader


def test_the_end_is_there_at_once_and_the_rest_follows() -> None:
    _, reader = read(beats(0, 600))
    usage = reader.nodes[NODE]
    first = len(usage.samples)
    assert 10 < first < 100
    assert usage.samples[-1].cpu_percent == 599
    assert usage.memory_total_mb == 200
    pulse = usage.processes["process007"]
    assert (pulse.mini_batch, pulse.memory_mb, pulse.at) == (599, 20.25, moment(599))
    while reader.poll_earlier(100_000):
        continue
    assert [sample.cpu_percent for sample in usage.samples] == list(range(600))


def test_what_is_appended_comes_after_and_no_beat_twice() -> None:
    files, reader = read(beats(0, 300))
    files[paths.heartbeat(NODE)] += beats(300, 302)
    assert reader.poll([NODE])
    while reader.poll_earlier(1):
        continue
    assert [sample.cpu_percent for sample in reader.nodes[NODE].samples] == list(range(302))
    assert not reader.poll([NODE])


@pytest.mark.parametrize("beat", [0, 1, 5, 150, 599])
def test_a_moment_shows_what_was_known_then(beat: int) -> None:
    _, reader = read(beats(0, 600))
    usage = reader.at([NODE], moment(beat) + 1000)[NODE]
    assert usage.samples[-1].cpu_percent == beat
    assert usage.processes["process003"].mini_batch == beat
    assert [s.cpu_percent for s in usage.samples] == list(range(beat - len(usage.samples) + 1, beat + 1))


def test_before_the_first_row_and_without_a_file_nothing_is_known() -> None:
    _, reader = read(beats(0, 600))
    assert not reader.at([NODE], moment(0) - 1)[NODE].samples
    assert not reader.at(["other"], moment(5))["other"].samples
    assert not reader.poll(["other"])


def test_the_original_table_gives_rates_and_a_row_of_quotes_does_no_harm() -> None:
    head = "Utc Time,Cpu Percent,Memory Total (MB),Disk Io Read (MB),Disk Io Write (MB)"
    text = f"{head},Network Sent (MB),Network Recv (MB)\n"
    text += "2026-04-11 02:00:00,30,7000,10,10,1,1\n2026-04-11 02:00:10,40,7000,20,20,1,2\n"
    files = {paths.node_resources(NODE): f'{text}"a ""quoted"", row",x,y\n'.encode()}
    reader = UsageReader(MemorySource(files))
    assert reader.poll([NODE])
    usage = reader.nodes[NODE]
    assert [(s.disk_mb_s, s.network_mb_s) for s in usage.slow] == [(None, None), (2.0, 0.1)]
    assert usage.upto(moment(1))[-1].cpu_percent == 30
    assert usage.memory_total_mb == 7000
