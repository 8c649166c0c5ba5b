"""What leaves without a screen: --once, --plain, --json, exit codes; the feed's thread; a master's pulse."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bscore.errors import NotFoundError, TreeError, UsageError
from bscore.logtree import paths
from bscore.logtree.last_words import reserved
from bscore.logtree.source import LocalSource, MemorySource
from bscore.logtree.trees import called
from bscore.observe import Life, Pulse
from bscore_tui.cli import needs_ascii
from bscore_tui.feed import Feed
from bscore_tui.reading import plain
from bscore_tui.reading.jobs import find_tree
from bscore_tui.reading.reader import JobReader
from bscore_tui.views.model import GONE, Face, Mode, Model
from bscore_tui.views.overview import overview
from bscore_tui.views.styles import Options, text_of
from histories import World, troubled
from journals import started
from journals import tree as tree_of
from tui_trees import journals_of, running


def write(tree: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(data)
    return tree


def played(seed: int = 3) -> World:
    world = troubled(seed, mini_batches=40, checked=False)
    world.play()
    return world


def bscore_tui(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONUTF8": "1"} | ({"BSCORE_HOME": str(home)} if home else {})
    environ.pop("TERM", None)
    return subprocess.run(
        [sys.executable, "-m", "bscore_tui", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environ,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_a_finished_job_is_told_in_three_ways(tmp_path: Path) -> None:
    world = played()
    tree = write(
        tmp_path / "jobs/night", journals_of(world.history) | {paths.JOB_RESULT: b"Result \x1b[2J text.\n"}
    )
    assert world.run.outcome is not None
    code = plain.EXIT_CODES[world.run.outcome.value]
    once = bscore_tui("night", "--once", home=tmp_path)
    assert (once.returncode, once.stderr) == (code, "")
    assert world.run.outcome.value in once.stdout.splitlines()[0]
    lines = bscore_tui(str(tree), "--plain")
    assert lines.returncode == code
    assert lines.stdout.endswith("Result  text.\n")
    state = json.loads(bscore_tui("last", "--json", home=tmp_path).stdout)
    assert (state["state"], state["done"]) == (world.run.outcome.value, len(world.run.done))
    missing = bscore_tui("nigth", "--once", home=tmp_path)
    assert missing.returncode == 2
    assert "Did you mean 'night'" in missing.stderr
    assert "Traceback" not in missing.stderr


@pytest.mark.slow
def test_a_reader_that_leaves_and_a_full_disk_are_no_failure_of_the_job(tmp_path: Path) -> None:
    tree = write(tmp_path, journals_of(played().history))
    command = [sys.executable, "-m", "bscore_tui", str(tree), "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        left = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, check=False)
    assert (left.returncode, left.stderr) == (0, b"")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    said = b"bscore-tui: The output cannot be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (2, said)
    closed = subprocess.run(["sh", "-c", '"$@" <&- >&-', "sh", *command], stderr=subprocess.PIPE, check=False)
    assert (closed.returncode, closed.stderr) == (0, b"")


@pytest.mark.slow
def test_text_outputs_load_no_textual(tmp_path: Path) -> None:
    tree = write(tmp_path, journals_of(played().history))
    script = (
        "import sys; sys.argv = ['bscore-tui', sys.argv[1], '--once']\n"
        "from bscore_tui.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name.split('.')[0] == 'textual' for name in sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", script, str(tree)], capture_output=True, check=False).returncode
        == 0
    )


def test_plain_lines_say_each_change_once_and_end_with_the_result() -> None:
    world = troubled(5, mini_batches=60, checked=False)
    running(world, 100)
    files = journals_of(world.history)
    now = [world.now]
    out = io.StringIO()
    reader = JobReader(MemorySource(files), lambda: now[0])
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            while world.ended is None:
                world.step()
            world.commit()
            from bscore.core.events import RunEnded

            world.happen(RunEnded(world.now, world.ended.outcome, world.ended.reason, "out"))
            files.clear()
            files.update(journals_of(world.history))

    code = plain.follow_plain(reader, out, Options(), sleep, lambda: float(len(waits)))
    text = out.getvalue()
    assert world.run.outcome is not None
    assert code == plain.EXIT_CODES[world.run.outcome.value]
    assert text.count("Running") == 1, "nothing changed in between"
    assert f"{world.run.over:,} of {world.run.mini_batches:,} mini-batches" in text


def test_plain_waits_for_a_job_that_has_not_begun() -> None:
    files: dict[str, bytes] = {}
    out = io.StringIO()

    def sleep(_seconds: float) -> None:
        files.update(journals_of(played().history))

    plain.follow_plain(JobReader(MemorySource(files)), out, Options(), sleep)
    assert out.getvalue().startswith("Waiting for the job to begin")


class Pictures:
    """Takes models from a feed and lets a test wait for one."""

    def __init__(self) -> None:
        self.models: list[Model] = []
        self._changed = threading.Condition()

    def __call__(self, model: Model) -> None:
        with self._changed:
            self.models.append(model)
            self._changed.notify_all()

    def wait_for(self, wanted: Callable[[Model], bool]) -> Model:
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self.models) and wanted(self.models[-1]), 20)
            return self.models[-1]


@pytest.mark.slow
def test_the_feed_shows_a_job_from_before_its_beginning_to_its_end(tmp_path: Path) -> None:
    world = running(troubled(6, mini_batches=60, checked=False), 80)
    feed, pictures = Feed(LocalSource(tmp_path), name="job", fast_s=0.02), Pictures()
    assert feed.first().face is Face.PREPARING
    feed.start(pictures)
    try:
        write(tmp_path, journals_of(world.history))
        live = pictures.wait_for(lambda model: model.done == len(world.run.done))
        assert live.mode is Mode.SILENT
        feed.look_at(world.history[60].at)
        past = pictures.wait_for(lambda model: model.at == world.history[60].at)
        feed.step(1)
        pictures.wait_for(lambda model: model.at > past.at)
        feed.set_marks((past.at,))
        pictures.wait_for(lambda model: model.timeline.marks == (past.at,))
        while world.ended is None:
            world.step()
        from bscore.core.events import RunEnded

        world.happen(RunEnded(world.now, world.ended.outcome, world.ended.reason, "out"))
        write(tmp_path, journals_of(world.history))
        feed.look_at(None)
        ended = pictures.wait_for(lambda model: model.ended is not None)
        assert ended.mode is Mode.END
        number = len(pictures.models)
        feed.toggle()
        pictures.wait_for(lambda model: model.mode is Mode.REPLAY and feed.playhead.playing)
        feed.look_at(None)
        pictures.wait_for(lambda model: model.mode is Mode.END)
        assert len(pictures.models) > number
    finally:
        feed.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("bscore-")]


@pytest.mark.slow
def test_an_ended_job_draws_nothing_again(tmp_path: Path) -> None:
    feed, pictures = (
        Feed(LocalSource(write(tmp_path, journals_of(played().history))), fast_s=0.02),
        Pictures(),
    )
    feed.start(pictures)
    try:
        pictures.wait_for(lambda model: model.mode is Mode.END and model.read_share == 1.0)
        time.sleep(0.5)
        number = len(pictures.models)
        time.sleep(1.5)
        assert len(pictures.models) == number
    finally:
        feed.stop()


def lease(beat: int, pid: int, host: str, started: int = 1) -> bytes:
    facts = {"host": host, "boot_id": "b", "pid": pid, "started": started, "term": 1, "beat": beat}
    return json.dumps(facts).encode()


def test_a_master_of_this_host_lives_while_it_holds_its_lock(tmp_path: Path) -> None:
    host = socket.gethostname()
    write(tmp_path, {paths.LEASE: lease(1, 2**22 + 5, host), paths.LOCK: b""})
    with (tmp_path / paths.LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert Life(LocalSource(tmp_path)).look(ended=False) is Pulse.ALIVE
    assert Life(LocalSource(tmp_path)).look(ended=False) is Pulse.NOT_RESPONDING
    assert Life(LocalSource(tmp_path)).look(ended=True) is Pulse.ENDED
    with (tmp_path / paths.LOCK).open() as again:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_master_of_another_host_is_judged_by_its_lease_as_observed() -> None:
    files = {paths.LEASE: lease(1, 7, "elsewhere")}
    now = [0.0]
    life = Life(MemorySource(files), lambda: now[0], lambda: 0.0)
    assert life.look(ended=False) is Pulse.UNKNOWN
    now[0] = 20.0
    files[paths.LEASE] = lease(2, 7, "elsewhere")
    assert life.look(ended=False) is Pulse.ALIVE
    now[0] = 49.0
    assert life.look(ended=False) is Pulse.ALIVE
    now[0] = 51.0
    assert life.look(ended=False) is Pulse.NOT_RESPONDING
    files[paths.LEASE] = lease(3, 7, "elsewhere")
    assert life.look(ended=False) is Pulse.ALIVE


def test_a_tree_without_any_lease_is_given_up_after_minutes_of_silence() -> None:
    world = running(World(1, mini_batches=500, checked=False), 60)
    files = journals_of(world.history)
    for minutes, state in ((1, "Running"), (6, "NotResponding")):
        reader = JobReader(MemorySource(files), lambda minutes=minutes: world.now + minutes * 60_000_000)  # type: ignore[misc]  # a default as closure
        plain.read_all(reader)
        model = reader.model()
        assert model.state == state
        assert plain.exit_code(model) == (4 if minutes == 6 else 0)


def test_jobs_are_found_by_what_a_person_types(tmp_path: Path) -> None:
    for name in ("night-1", "night-2", "day"):
        write(tmp_path / "jobs" / name, tree_of([[started(1, 0)]])[1])
    environ = {"BSCORE_HOME": str(tmp_path)}
    assert find_tree("day", environ).name == "day"
    assert find_tree("d", environ).name == "day"
    assert find_tree(str(tmp_path / "jobs/day"), environ).name == "day"
    assert find_tree("last", environ).name in ("night-1", "night-2", "day")
    with pytest.raises(UsageError, match="fits 2 jobs"):
        find_tree("night", environ)
    with pytest.raises(NotFoundError, match="no job 'dya'"):
        find_tree("dya", environ)


def test_a_copy_is_never_called_by_the_name_of_its_original(tmp_path: Path) -> None:
    environ = {"BSCORE_HOME": str(tmp_path)}
    for place in ("jobs/night", "copies/night", "copies/other one", "jobs/last", "jobs/-n"):
        write(tmp_path / place, tree_of([[started(1, 0)]])[1])
    assert called(tmp_path / "jobs/night", environ) == "night"
    assert called(tmp_path / "jobs/../jobs/night", environ) == "night"
    for place in ("copies/night", "jobs/last", "jobs/-n"):
        tree = str(tmp_path / place)
        assert called(Path(tree), environ) == tree
        assert find_tree(tree, environ) == Path(tree)
    world = running(World(1, mini_batches=500, checked=False), 60)
    tree = str(write(tmp_path / "copies/other one", journals_of(world.history)))
    reader = JobReader(LocalSource(tree), lambda: world.now + 360_000_000)
    plain.read_all(reader)
    shown = "\n".join(text_of(line) for line in overview(reader.model(), 300, 40, Options()).lines)
    assert f"bscore job resume '{tree}'" in shown


@pytest.mark.parametrize("said", ["The disk of /data is full.", ""])
def test_of_a_run_without_master_it_is_shown_why_the_master_gave_up(tmp_path: Path, said: str) -> None:
    world = running(World(1, mini_batches=500, checked=False), 60)
    tree = write(tmp_path / "job", journals_of(world.history) | {paths.term_claim(1): reserved(said)})
    reader = JobReader(LocalSource(tree), lambda: world.now + 360_000_000)
    plain.read_all(reader)
    shown = "\n".join(text_of(line) for line in overview(reader.model(), 80, 20, Options()).lines)
    assert (said or "no sign of life since") in shown


def test_a_job_deleted_while_it_is_watched_is_gone_and_not_late(tmp_path: Path) -> None:
    world = running(World(1, mini_batches=500, checked=False), 60)
    tree = write(tmp_path / "job", journals_of(world.history))
    now = [world.now]
    reader = JobReader(LocalSource(tree), lambda: now[0])
    while reader.poll()[1]:
        pass
    assert reader.model().state == "Running"
    shutil.rmtree(tree)
    now[0] += 60_000_000
    assert reader.poll() == (True, False)
    model = reader.model()
    assert (model.state, model.at, model.damage) == ("NotResponding", world.run.last, GONE)
    shown = "\n".join(text_of(line) for line in overview(model, 80, 20, Options()).lines)
    assert "the files of this job are gone" in shown
    assert "bscore job" not in shown
    write(tree, journals_of(world.history))
    assert reader.poll()[0]
    assert reader.model().state == "Running"


def test_what_is_no_job_is_said_to_be_none(tmp_path: Path) -> None:
    environ = {"BSCORE_HOME": str(tmp_path)}
    with pytest.raises(NotFoundError, match=r"no jobs yet in .*\n.*bscore demo"):
        find_tree("last", environ)
    tree = write(tmp_path / "jobs/night", tree_of([[started(1, 0)]])[1] | {"readme": b""})
    (tmp_path / "empty").mkdir()
    for folder, said in (
        (tmp_path / "jobs", f"no job's directory.\nIt holds jobs: {tree}."),
        (tmp_path / "jobs/night/logs", f"no job's directory.\nIt is part of the job in {tree}."),
        (tmp_path, "no job's directory.\nGive a job's name"),
        (tree / "readme", "cannot be read: Not a directory."),
        (tmp_path / "a/b", "There is no folder"),
        (tmp_path / "not-there-yet", "There is no folder"),
        (tmp_path / "empty", "no job's directory.\nGive a job's name"),
    ):
        with pytest.raises(NotFoundError) as caught:
            find_tree(f"{folder}/", environ)
        assert said in str(caught.value)
    (tmp_path / "jobs/begins").mkdir()
    assert find_tree(f"{tmp_path}/jobs/begins", environ).name == "begins"
    with pytest.raises(NotFoundError, match="no journal yet"):
        plain.print_once(JobReader(LocalSource(tmp_path / "empty")), io.StringIO(), 80, 24, Options())


def test_a_journal_that_is_damaged_from_its_first_record_on_is_no_job_that_is_about_to_begin() -> None:
    reader = JobReader(MemorySource({paths.JOURNAL: b"X" * 40 + b"\n"}))
    out = io.StringIO()
    ways: list[Callable[[], object]] = [
        lambda: plain.print_once(reader, out, 80, 24, Options()),
        lambda: plain.print_json(reader, out),
        lambda: plain.follow_plain(reader, out, Options(), lambda _: pytest.fail("it waits")),
    ]
    for way in ways:
        with pytest.raises(TreeError, match="first record"):
            way()
    shown = reader.nothing_yet("job")
    assert (shown.state, "first record" in shown.reason) == ("Damaged", True)


@pytest.mark.parametrize(
    ("environ", "coerced", "is_ascii"),
    [
        ({"LC_ALL": "C"}, True, True),
        ({"LANG": "POSIX", "LC_CTYPE": "C.UTF-8"}, True, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False, False),
        ({"LANG": "en_US.utf8"}, True, False),
        ({"LC_ALL": "de_DE.ISO-8859-1", "LANG": "C.UTF-8"}, False, True),
        ({"LC_CTYPE": "C.UTF-8"}, True, False),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, False, True),
    ],
)
def test_ascii_is_chosen_by_what_the_locale_says(
    environ: dict[str, str], coerced: bool, is_ascii: bool
) -> None:
    assert needs_ascii(environ, "utf-8", coerced=coerced) is is_ascii
    assert needs_ascii(environ, "latin-1", coerced=coerced)
