"""Trees that somebody damaged, by accident or on purpose: a clear word, and everybody else is served."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
import yaml

from bscore.cli import job_words
from bscore.cli.job_facts import brief, read_facts, whole
from bscore.core import asking
from bscore.core import events as e
from bscore.logtree import paths
from bscore.logtree.records import encode
from bscore.logtree.source import LocalSource
from bscore.master import requests
from bscore.master.job import Job
from bscore.observe import Follower, Past
from bscore.observe.usage_tables import fields_of
from bscore.outputs.reservation import lock_file
from cli_runs import POWERLESS, SLOW, WAITING, Here, ended, only, running, start
from histories import troubled
from journals import started as begun
from real_runs import events_of, finish, make_job, start_master, wait_for

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job whose master was killed at its second commit point."""
    job = make_job(tmp_path_factory.mktemp("killed"), SLOW, items=40)
    assert finish(start_master(job, "commit recorded", 2)) == -signal.SIGKILL
    return job


@pytest.fixture
def tree(killed: Job, tmp_path: Path) -> Path:
    """A directory of its own that looks like the killed job's."""
    copy = tmp_path / "jobs" / "damaged"
    shutil.copytree(killed.tree, copy, symlinks=True)
    return copy


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def as_endless_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def as_brackets(path: Path) -> None:
    path.write_bytes(b"[" * 300_000)


def as_nothing(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [as_pipe, as_folder, as_link_to_itself, as_endless_device, as_brackets, as_nothing]
)
def test_no_file_of_a_tree_holds_up_a_command_whatever_stands_in_its_place(
    tree: Path, here: Here, damage: Callable[[Path], None]
) -> None:
    there = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(there) > 12
    for path in there:
        beside = path.with_name(f"{path.name}.kept")
        shutil.copy2(path, beside)
        damage(path)
        for words in (["list"], ["show", "damaged"], ["delete", "damaged"]):
            code, _, err = here("job", *words)
            assert code in (0, 1, 2, 4), (path, words)
            assert "Traceback" not in err
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        else:
            path.rmdir()
        beside.rename(path)


@pytest.mark.slow
def test_what_is_no_request_is_refused_and_does_not_hold_up_the_master(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = make_job(tmp_path, WAITING.format(gate=str(gate)), items=10)
    control = job.tree / paths.CONTROL
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"what": "cancel", "arguments": "", "who": "eve", "where": "x"}))
    with running(job) as master:
        os.mkfifo(control / "1.json")
        (control / "2.json").symlink_to(secret)
        (control / "3.json").symlink_to("/dev/zero")
        (control / "4.json").write_bytes(b"[" * 60_000)
        (control / "5.json").write_bytes(b'{"what": "' + b"x" * 100_000 + b'"}')
        (control / "6.json").write_bytes(b'{"what": ["cancel"]}')
        (control / "7.json").write_bytes(b"\xff\xfe")
        (control / "8.json").mkdir()
        asked = requests.ask(job.tree, asking.STACK)
        wait_for(lambda: asked.name not in requests.lying_there(job.tree))
        gate.touch()
        assert finish(master) == 0
    answers = {taken.request: taken for taken in only(events_of(job), e.RequestTaken)}
    assert [name for name, taken in answers.items() if taken.granted] == [asked.name]
    assert set(answers) == {*"1234567", asked.name}
    assert "no regular file" in answers["1"].answer
    assert "nested too deeply" in answers["4"].answer


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("workers", '"two"', "workers: given 'two', expected a whole number"),
        ("workers", "true", "expected a whole number"),
        ("workers", "0", "expected a number from 1"),
        ("mini_batch_size", "[5]", "expected a whole number"),
        ("inputs", "12", "inputs: given '12', expected a list"),
        ("arguments", "[[1]]", "arguments.0: given '[1]', expected a text"),
        ("environment_variables", "[a]", "expected keys with values"),
        ("limits", "{tries: .nan}", "limits.tries: given 'NaN', expected a whole number"),
        ("limits", "{run_invocation_timeout_s: .nan}", "expected a number from 0"),
        ("output", "12", "output: given '12', expected a text"),
        ("output_folders", "x", "expected a list"),
        ("name", "[" * 5000, "nested too deeply"),
    ],
)
def test_a_wrong_value_in_a_job_file_is_told_with_its_line(
    tree: Path, here: Here, key: str, value: str, said: str
) -> None:
    path = tree / paths.JOB_FILE
    facts = yaml.safe_load(path.read_text())
    lines = [f"{name}: {value if name == key else json.dumps(facts[name])}" for name in facts]
    path.write_text("\n".join(lines))
    line = list(facts).index(key) + 1
    for words in (["resume", "damaged"], ["debug", "damaged"]):
        code, _, err = here("job", *words)
        assert code == 2, (words, err)
        assert f"{path}:{line}:" in err
        assert said in err
    assert f"job.yml:{line}:" in here.json("job", "show", "damaged")["status_reason"]


def test_a_job_file_whose_aliases_unfold_to_billions_is_refused(tree: Path, here: Here) -> None:
    path = tree / paths.JOB_FILE
    bomb = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))]
    path.write_text(path.read_text() + "\n".join(bomb))
    code, _, err = here("job", "resume", "damaged")
    assert code == 2
    assert "unfolds to more" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\0\0", "characters that YAML does not allow"),
        ("kind: job", "it has no bscore_job: 1"),
        ("bscore_job: x", "it has no bscore_job: 1"),
        ("bscore_job: 99", "Update bscore"),
        ('bscore_job: !!int ""', "it has no bscore_job: 1"),
    ],
)
def test_a_job_file_that_is_none_is_told_by_every_command(
    tree: Path, here: Here, text: str, said: str
) -> None:
    (tree / paths.JOB_FILE).write_text(text)
    for words in (["resume"], ["cancel"], ["debug"]):
        code, _, err = here("job", *words, "damaged")
        assert (code, said in err) == (2, True), (words, err)
    assert here.json("job", "show", "damaged")["go_on"] is None
    parts = [str(path) for path in Path(output_of(tree)).parent.glob(".*.part")]
    assert parts
    code, _, err = here("job", "delete", "damaged", "--yes")
    assert code == 0
    assert all(part in err for part in parts)


def test_rows_of_a_term_whose_claim_is_gone_are_removed_with_the_job(
    tree: Path, killed: Job, here: Here
) -> None:
    killed_part = killed.part(1)
    assert killed_part.exists()
    of_its_own(tree, keep_place=True)
    (tree / paths.term_claim(1)).unlink()
    part = tree / "out" / killed_part.name
    shutil.copy2(killed_part, part)
    assert here("job", "delete", "damaged", "--yes")[0] == 0
    assert not tree.exists()


def output_of(tree: Path) -> str:
    config = read_facts(tree).run.config  # type: ignore[union-attr]
    assert config is not None
    return config.output


def of_its_own(tree: Path, *, keep_place: bool = False) -> None:
    """Give a copied tree an output of its own."""
    (tree / "out").mkdir()
    facts = (tree / paths.JOB_FILE).read_text()
    (tree / paths.JOB_FILE).write_text(re.sub(r"(?m)^output: .*", f"output: {tree / 'out'}", facts))
    if not keep_place:
        (tree / paths.PLACE).unlink()
    shutil.rmtree(tree / "checkpoint/snapshots", ignore_errors=True)


def as_text(path: Path) -> None:
    path.write_text("no lease")


@pytest.mark.parametrize("damage", [Path.unlink, as_pipe, as_folder, as_text])
def test_a_job_whose_lease_is_damaged_responds_no_more_and_can_be_removed(
    tree: Path, here: Here, damage: Callable[[Path], None]
) -> None:
    damage(tree / paths.LEASE)
    os.utime(tree / paths.JOURNAL, (1, 1))
    shown = here.json("job", "show", "damaged")
    assert shown["status"] == "NotResponding"
    assert "its lease cannot be read" in shown["status_reason"]
    assert here("job", "delete", "damaged", "--yes")[0] == 0


def test_a_job_whose_lock_is_damaged_is_not_removed_in_part(tree: Path, here: Here) -> None:
    as_folder(tree / paths.LOCK)
    before = sorted(tree.rglob("*"))
    code, _, err = here("job", "delete", "damaged", "--yes")
    assert (code, "Nothing was removed" in err) == (2, True)
    assert sorted(tree.rglob("*")) == before


@pytest.mark.parametrize("name", [paths.MANIFEST_INDEX, paths.LOCK, paths.DRIVER_LOG])
def test_what_hinders_a_cancel_before_it_has_begun_ran_nothing(tree: Path, here: Here, name: str) -> None:
    of_its_own(tree)
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).unlink(missing_ok=True)
    (tree / name).mkdir()
    code, _, err = here("job", "cancel", "damaged")
    assert (code, "put right" in err) == (2, True), err


def test_what_hinders_a_cancel_that_has_begun_leaves_nobody_at_work(tree: Path, here: Here) -> None:
    of_its_own(tree)
    (tree / paths.OVERVIEW).unlink(missing_ok=True)
    (tree / paths.OVERVIEW).mkdir()
    code, _, err = here("job", "cancel", "damaged")
    assert (code, "put right" in err) == (4, True), err


@pytest.mark.parametrize("name", [paths.MANIFEST, paths.MANIFEST_INDEX])
@pytest.mark.parametrize("rubbish", [b"\x7f", b"\0"])
def test_rubbish_in_the_manifest_is_told_or_does_not_matter(
    tree: Path, here: Here, name: str, rubbish: bytes
) -> None:
    of_its_own(tree)
    (tree / name).write_bytes(rubbish * (tree / name).stat().st_size)
    for words in (["cancel"], ["debug"]):
        code, _, err = here("job", *words, "damaged")
        assert code in (0, 1, 2, 4), (words, err)


def test_a_folder_in_place_of_a_part_file_is_told_and_stays(tree: Path, killed: Job, here: Here) -> None:
    of_its_own(tree, keep_place=True)
    (tree / "out" / killed.part(1).name).mkdir()
    for words in (["resume"], ["cancel"]):
        code, _, err = here("job", *words, "damaged")
        assert (code, ".part cannot be written" in err) == (2, True), err
    here("job", "delete", "damaged", "--yes")
    assert any(path.is_dir() for path in (tree / "out").glob(".*.part"))


def test_a_pipe_in_place_of_the_lock_of_an_output_holds_up_no_command(tree: Path, here: Here) -> None:
    of_its_own(tree)
    lock = lock_file(tree / "out", yaml.safe_load((tree / paths.JOB_FILE).read_text())["output_file_name"])
    os.mkfifo(lock)
    code, _, err = here("job", "resume", "damaged")
    assert (code, f"{lock}" in err) == (2, True), err
    assert here("job", "delete", "damaged", "--yes")[0] == 0


def test_a_pipe_in_place_of_a_folder_or_a_mark_holds_up_no_command(tree: Path, here: Here) -> None:
    of_its_own(tree)
    shutil.rmtree(tree / paths.SPOOL, ignore_errors=True)
    os.mkfifo(tree / paths.SPOOL)
    (tree / "checkpoint/manifest.finished").unlink(missing_ok=True)
    os.mkfifo(tree / "checkpoint/manifest.finished")
    code, _, err = here("job", "resume", "damaged")
    assert (code, "no regular file" in err) == (1, True), err
    assert not (tree / paths.SPOOL).exists()


def test_an_earlier_term_that_is_damaged_is_not_scored_again(tree: Path, here: Here) -> None:
    of_its_own(tree)
    (tree / paths.JOURNAL).rename(tree / paths.journal_of_term(1))
    size = (tree / paths.journal_of_term(1)).stat().st_size
    (tree / paths.JOURNAL).write_bytes(encode(begun(term=2, previous_bytes=size), 1, 1))
    assert read_facts(tree).status == "NotResponding"
    with (tree / paths.journal_of_term(1)).open("r+b") as file:
        file.write(b"XXXX")
    code, _, err = here("job", "resume", "damaged")
    assert (code, "first record of logs/sys/master_role.1.txt" in err) == (2, True), err
    assert read_facts(tree).status == "Damaged"


@pytest.mark.skipif(os.geteuid() == 0 and not POWERLESS, reason="root may read everything")
def test_a_journal_that_may_not_be_read_is_not_begun_anew(tree: Path, tmp_path: Path) -> None:
    of_its_own(tree)
    (tree / paths.JOURNAL).chmod(0)
    for words in (["resume"], ["cancel"]):
        code, _, err = ended(start(tmp_path, "job", *words, "damaged", before=POWERLESS))
        assert (code, "cannot be read" in err) == (2, True), err
    assert (tree / paths.JOURNAL).stat().st_size


def test_a_line_that_is_no_csv_has_fields_all_the_same() -> None:
    assert fields_of(b'a\rb"c,d') == ['a\rb"c', "d"]


def with_journal(tree: Path, lines: list[bytes]) -> None:
    """Give a tree this journal, with checksums that fit."""
    crc, proved = 0, []
    for line in lines:
        if b"|Committed " in line:
            proved.append(re.sub(rb"crc=\d+", b"crc=%d" % crc, line))
            crc = 0
        else:
            crc = crc32(line, crc)
            proved.append(line)
    (tree / paths.JOURNAL).write_bytes(b"".join(proved))
    (tree / paths.SNAPSHOTS).unlink(missing_ok=True)


def journal_of(tree: Path) -> list[bytes]:
    return (tree / paths.JOURNAL).read_bytes().splitlines(keepends=True)


def test_a_job_that_cannot_be_read_is_a_row_that_says_so_and_hides_no_other(
    killed: Job, tree: Path, here: Here
) -> None:
    shutil.copytree(killed.tree, tree.with_name("whole"), symlinks=True)
    lines = journal_of(tree)
    first = next(number for number, line in enumerate(lines) if b"|NodeJoined " in line)
    with_journal(tree, lines[:first] + lines[first + 1 :])
    rows = {row["name"]: row["status"] for row in here.json("job", "list")}
    assert rows == {"damaged": "Damaged", "whole": "NotResponding"}
    assert [row["name"] for row in here.json("job", "list", "--status", "damaged")] == ["damaged"]
    shown = here.json("job", "show", "damaged")
    assert f"{paths.JOURNAL} was damaged at byte {sum(map(len, lines[:first]))}" in shown["status_reason"]
    assert shown["go_on"] is None
    (tree / paths.PLACE).unlink()
    for words in (["resume"], ["resume", "--detach"], ["debug"], ["cancel"]):
        code, _, err = here("job", *words, "damaged")
        assert (code, "was damaged at byte" in err) == (2, True), (words, err)
    followed = Follower(LocalSource(tree))
    followed.poll()
    assert "cannot be understood" in followed.damage


def test_an_impossible_record_behind_the_last_commit_point_ends_what_counts(tree: Path, here: Here) -> None:
    lines = journal_of(tree)
    last = max(number for number, line in enumerate(lines) if b"|Committed " in line)
    gone = lines[last].replace(b"Committed", b"WorkerReady worker=10.9.9.9/process000 init=1 python=x")
    strange = re.sub(rb"\|\w+ .* us=", b"|NodeLost node=10.9.9.9 reason=x us=", gone)
    with_journal(tree, [*lines[: last + 1], strange])
    assert here.json("job", "list")[0]["status"] == "NotResponding"


def test_no_damage_to_a_journal_escapes_its_readers(tmp_path: Path) -> None:
    """Lines lost, doubled, swapped; values replaced; bytes flipped: with checksums that fit, and without."""
    drawn = random.Random(9)
    histories = [[encode(event, 1, 1) for event in played(seed)] for seed in range(4)]
    tree = tmp_path / "job"
    (tree / "logs/sys").mkdir(parents=True)
    (tree / "checkpoint").mkdir()
    (tree / paths.JOB_FILE).write_text("x")
    statuses = set()
    for _ in range(120):
        lines = damaged(drawn, drawn.choice(histories))
        with_journal(tree, lines)
        if drawn.random() < 0.4:
            (tree / paths.JOURNAL).write_bytes(b"".join(lines))
        facts = read_facts(tree)
        statuses.add(facts.status)
        brief(facts)
        job_words.words(whole(facts))
        Follower(LocalSource(tree)).poll()
        if facts.status != "Unknown" and not facts.problem.startswith("The first record"):
            Past(LocalSource(tree)).at(10**18)
    assert {"Damaged", "Running", "Completed"} <= statuses


def played(seed: int) -> list[e.Event]:
    world = troubled(seed)
    world.play()
    return world.history


_VALUES = [
    b"0",
    b"-1",
    b"9" * 18,
    b"9" * 30,
    b"nan",
    b"1e400",
    b"-",
    b"",
    b'"x"',
    b"1-999999999999",
    b"9-3",
    b"x/y",
]


def damaged(drawn: random.Random, lines: list[bytes]) -> list[bytes]:
    lines = lines[: drawn.randrange(20, len(lines))] if drawn.random() < 0.5 else list(lines)
    for _ in range(drawn.randint(1, 4)):
        here, there = drawn.randrange(len(lines)), drawn.randrange(1, len(lines))
        match drawn.randrange(5):
            case 0:
                del lines[there]
            case 1:
                lines.insert(there, lines[here])
            case 2:
                lines[here], lines[there] = lines[there], lines[here]
            case 3:
                fields = list(re.finditer(rb"(?<==)[^ =\n]*", lines[there]))
                if fields:
                    field = drawn.choice(fields)
                    line = lines[there]
                    lines[there] = line[: field.start()] + drawn.choice(_VALUES) + line[field.end() :]
            case _:
                flipped = bytearray(lines[there])
                flipped[drawn.randrange(len(flipped))] = drawn.randrange(256)
                lines[there] = bytes(flipped)
    return lines


@pytest.mark.parametrize("damage", [as_pipe, as_folder])
@pytest.mark.parametrize("name", [paths.JOURNAL, paths.agent_log("127.0.0.1"), paths.LOCK])
def test_what_cannot_be_written_is_named_by_resume(
    tree: Path, here: Here, name: str, damage: Callable[[Path], None]
) -> None:
    of_its_own(tree)
    damage(tree / name)
    code, _, err = here("job", "resume", "damaged")
    assert code in (0, 1, 2, 4)
    assert code == 0 or str(tree) in err
