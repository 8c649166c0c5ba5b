"""bscore.score as a program uses it: each script here is a `__main__` of its own, as a notebook is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from real_runs import wait_for
from score_programs import ended, environment, program, start


@pytest.mark.slow
def test_functions_bring_what_they_use_and_init_sets_what_run_sees(tmp_path: Path) -> None:
    """Lambdas, closures, a class and a global that init() makes; a global that cannot be shipped is left."""
    (tmp_path / "beside.py").write_text("def twice(x):\n    return 2 * x\n")
    facts = program(
        tmp_path,
        """
        import numpy as np
        import beside
        lock = threading.Lock()
        model = lock                       # what init() makes itself is not shipped
        large = np.arange(2_000_000)

        class Point:
            def __init__(self, x): self.x = x
            def moved(self): return Point(self.x + model)

        def init():
            global model
            model = 10

        def helper(point):
            return beside.twice(point.moved().x)

        def copies():
            import glob
            return len(glob.glob(os.environ["BSCORE_HOME"] + "/**/*.dill", recursive=True))

        def make(offset):
            return lambda batch: [
                (helper(point), offset, isinstance(point, Point), int(large[-1]), copies()) for point in batch
            ]

        points = [Point(n) for n in range(23)]
        result = bscore.score(run=make(7), init=init, inputs=points, workers=2, mini_batch_size=5)
        function = os.path.getsize(result.job / "checkpoint/function/function.dill")
        said = sum(os.path.getsize(result.job / "checkpoint" / name) for name in ("manifest", "items"))
        spooled = os.path.exists(result.job / "checkpoint/spool")
        say(rows=result.rows, outcome=str(result.outcome), over=result.run.over, function=function, said=said,
            spooled=spooled)
        """,
    )
    assert facts["rows"] == [[2 * (n + 10), 7, True, 1_999_999, 1] for n in range(23)]
    assert (facts["outcome"], facts["over"]) == ("Completed", 5)
    assert facts["function"] > 16_000_000, "the array is shipped once, with the function"
    assert facts["said"] < 10_000, "and not with the mini-batches"
    assert not facts["spooled"], "nothing is left in the spool folder"


@pytest.mark.slow
def test_one_process_scores_tables_values_and_paths_and_restores_their_order(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.txt").write_text(str(number))
    facts = program(
        tmp_path,
        """
        import datetime
        from decimal import Decimal
        from pathlib import Path
        import numpy as np, pandas as pd
        frame = pd.DataFrame(
            {"a": np.arange(250), "b": np.linspace(0, 1, 250, dtype="f4"), "c": [f"é{n}" for n in range(250)],
             "d": pd.date_range("2020", periods=250, tz="Europe/Berlin"),
             "e": pd.array([None if n % 3 else n for n in range(250)], dtype="Int64"),
             "f": pd.Categorical(["x" if n % 2 else "y" for n in range(250)])},
            index=pd.Index([f"row{n}" for n in range(250)], name="label"),
        )

        def later(batch):
            time.sleep(0.02 if batch["a"].iloc[0] == 0 else 0)
            return batch.assign(g=batch["a"] * 2)

        result = bscore.score(run=later, inputs=frame, mini_batch_size=20, workers=2)
        expected = frame.assign(g=frame["a"] * 2)
        pd.testing.assert_frame_equal(result.rows, expected, check_freq=False)
        other = bscore.read_rows(result.job, ordered=False)
        pd.testing.assert_frame_equal(other.sort_values("a"), expected, check_freq=False)
        say(table=list(map(str, result.rows.dtypes)), final=str(result.output))

        kept = [1, 2.5, "é", None, True, b"x", (1, [2]), {"k": {3}}, 1 + 2j, datetime.date(2020, 1, 2),
                Decimal("1.1"), np.float32(1.5), np.arange(3), pd.Timestamp("2020", tz="UTC"), pd.NaT,
                np.array(["a", None], dtype=object), 10**30]
        back = bscore.score(run=lambda batch: batch, inputs=kept, mini_batch_size=3, workers=1).rows
        say(same=[type(a) is type(b) and bool(np.all(a == b) or (a is b)) for a, b in zip(kept, back)])

        texts = bscore.score(run=lambda batch: [t.upper() for t in batch], inputs=["ab", "cd"], workers=1)
        paths = bscore.score(
            run=lambda batch: [(path, open(path).read()) for path in batch],
            inputs=[Path(f"{n}.txt") for n in range(7)], mini_batch_size=2, workers=2,
        )
        arrays = bscore.score(run=lambda batch: np.array(batch) * 0.5, inputs=iter(range(30)), workers=1)
        say(texts=texts.rows, paths=paths.rows, arrays=[type(arrays.rows[1]).__name__, arrays.rows[1] * 1.0])
        """,
    )
    assert facts["table"][3:] == ["datetime64[us, Europe/Berlin]", "Int64", "category", "int64"]
    assert facts["final"].endswith("/outputs/score/predictions.rows")
    assert facts["same"] == [True] * 17
    assert facts["texts"] == ["AB", "CD"]
    assert facts["paths"] == [[str(tmp_path / f"{n}.txt"), str(n)] for n in range(7)]
    assert facts["arrays"] == ["float64", 0.5]


@pytest.mark.slow
def test_failures_are_told_with_their_run_and_partial_ones_warn_of_missing_rows(tmp_path: Path) -> None:
    facts = program(
        tmp_path,
        """
        def fails(batch):
            if 13 in batch: raise ValueError("thirteen")
            return batch

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = bscore.score(run=fails, inputs=range(30), mini_batch_size=5, workers=1, run_max_try=1)
        def too_few(batch):
            return [] if 3 in batch else batch[:3] if 12 in batch or 24 in batch else batch
        with warnings.catch_warnings(record=True) as of_short:
            warnings.simplefilter("always")
            few = bscore.score(run=too_few, inputs=range(26), mini_batch_size=5, workers=1)
        say(few=[few.missing, few.short, len(few.rows), str(of_short[0].message)])
        say(rows=result.rows, missing=result.missing, short=result.short,
            warned=[[w.category.__name__, str(w.message), os.path.basename(w.filename)] for w in caught])
        try:
            bscore.score(run=fails, inputs=range(30), mini_batch_size=5, workers=1, error_threshold=0,
                         run_max_try=1)
        except bscore.ScoreError as error:
            say(report=error.report, outcome=str(error.outcome), run=len(error.run.abandoned),
                saved=bscore.read_rows(error.job))
        def no_init(): raise RuntimeError("no model")
        try:
            bscore.score(run=fails, init=no_init, inputs=[1], workers=1)
        except bscore.ScoreError as error:
            say(init=str(error))
        class Own: pass
        try:
            bscore.score(run=lambda batch: [Own()], inputs=[1], workers=1, run_max_try=1)
        except bscore.ScoreError as error:
            say(own=str(error))
        """,
    )
    assert facts["rows"] == [*range(10), *range(15, 30)]
    assert facts["missing"] == [[10, 15]]
    assert facts["short"] == []
    empty, short, rows, told = facts["few"]
    assert (empty, short, rows) == ([[0, 5]], [[10, 15], [20, 25]], 26 - 5 - 2 - 2)
    assert "for 9 items run() returned too few elements" in told
    ((category, text, where),) = facts["warned"]
    assert (category, where) == ("MissingRowsWarning", "program.py")
    assert "5 of 30 items were abandoned" in text
    assert facts["outcome"] == "Failed"
    assert "ValueError: thirteen" in facts["report"]
    assert "Repair the function and call bscore.score() again" in facts["report"]
    assert facts["run"] == 1
    assert set(facts["saved"]) <= set(range(30)) - {13}
    assert "no model" in facts["init"]
    assert "rows may hold builtins" in facts["own"]


def test_what_cannot_be_shipped_or_scored_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    facts = program(
        tmp_path,
        """
        lock, wanted = threading.Lock(), open(__file__)
        socket = __import__("socket").socket()
        def wrong(**given):
            try:
                bscore.score(**given)
            except bscore.errors.UsageError as error:
                return str(error)
        closed = (lambda thing: lambda batch: [thing.name for _ in batch])((n for n in "generator"))
        one = {"run": len, "inputs": [1]}
        say(
            global_name=wrong(run=lambda batch: [socket.fileno() for _ in batch], inputs=[1]),
            closure=wrong(run=closed, inputs=[1]),
            nothing=wrong(inputs=[1]),
            both=wrong(run=len, script="score.py", inputs=[1]),
            no_items=wrong(run=len, inputs=[]),
            no_table=wrong(run=len, inputs=__import__("pandas").DataFrame({"a": []})),
            mapping=wrong(run=len, inputs={"a": 1}),
            mixed=wrong(run=len, inputs=[__import__("pathlib").Path("/a"), 1]),
            option=wrong(**one, eror_threshold=1),
            item=wrong(run=len, inputs=[lambda: 1]),
            python=wrong(**one, python="/usr/bin/python3"),
            folder=wrong(run=len, inputs="no/such/folder"),
        )
        jobs = os.path.join(os.environ["BSCORE_HOME"], "jobs")
        say(left=os.listdir(jobs) if os.path.exists(jobs) else [])
        """,
    )
    assert "The name 'socket', socket.socket, cannot be shipped" in facts["global_name"]
    assert "'thing', which run() closes over" in facts["closure"]
    assert "nothing was given" in facts["nothing"]
    assert "run and script were given" in facts["both"]
    assert "holds no items" in facts["no_items"]
    assert "holds no items" in facts["no_table"]
    assert "inputs is dict" in facts["mapping"]
    assert "Item 1 is int" in facts["mixed"]
    assert "error_threshold" in facts["option"]
    assert "cannot be pickled" in facts["item"]
    assert "A function runs on this Python" in facts["python"]
    assert "no/such/folder" in facts["folder"]
    assert facts["left"] == []


@pytest.mark.slow
def test_threads_score_at_the_same_time_and_a_request_cancels_one(tmp_path: Path) -> None:
    facts = program(
        tmp_path,
        """
        from pathlib import Path
        from bscore.master.requests import ask
        begun = Path("begun").absolute()
        results = {}
        def slow(batch):
            Path(begun).touch()
            time.sleep(30)
        def background():
            try:
                bscore.score(run=slow, inputs=range(4), workers=1, name="slow")
            except bscore.ScoreError as error:
                results["slow"] = [str(error.outcome), error.exit_code]
        def quick(name):
            rows = bscore.score(run=lambda batch: [n + 1 for n in batch], inputs=range(2000), workers=1).rows
            results[name] = rows == list(range(1, 2001))
        threads = [threading.Thread(target=background)]
        threads += [threading.Thread(target=quick, args=(name,)) for name in ("one", "two")]
        for thread in threads: thread.start()
        for thread in threads[1:]: thread.join()
        while not begun.exists() and threads[0].is_alive(): time.sleep(0.01)
        ask(Path(os.environ["BSCORE_HOME"], "jobs", "slow"), "cancel")
        threads[0].join()
        say(**results)
        """,
    )
    assert facts == {"one": True, "two": True, "slow": ["Canceled", 3]}


@pytest.mark.slow
def test_ctrl_c_cancels_in_order_and_a_killed_function_job_is_resumed_from_the_command_line(
    tmp_path: Path,
) -> None:
    text = """
        from pathlib import Path
        def run(batch):
            Path({mark!r}).touch()
            if not os.path.exists({go!r}): time.sleep(0.3)
            return [n * n for n in batch]
        try:
            bscore.score(run=run, inputs=range(20), mini_batch_size=1, workers=1, name={name!r})
        except KeyboardInterrupt as interrupt:
            say(job=str(interrupt.job), outcome=str(interrupt.run.outcome), text=str(interrupt))
        """
    go = tmp_path / "go"
    for name, number, code in (("stopped", signal.SIGINT, 0), ("killed", signal.SIGKILL, -9)):
        mark = tmp_path / f"mark-{name}"
        process = start(tmp_path, text.format(mark=str(mark), go=str(go), name=name))
        wait_for(mark.exists, 30)
        process.send_signal(number)
        facts = ended(process, code)
        if name == "stopped":
            assert facts["outcome"] == "Canceled"
            assert facts["text"].endswith("bscore job resume stopped")
    go.touch()
    command = [sys.executable, "-m", "bscore.cli", "job"]
    for name in ("killed", "stopped"):
        resumed = subprocess.run(
            [*command, "resume", name], env=environment(tmp_path), capture_output=True, text=True, check=False
        )
        assert resumed.returncode == 0, resumed.stderr
    shown = subprocess.run(
        [*command, "show", "killed", "-o", "json"], env=environment(tmp_path), capture_output=True, check=True
    )
    assert json.loads(shown.stdout)["status"] == "Completed"
    facts = program(tmp_path, "say(killed=bscore.read_rows('killed'), stopped=bscore.read_rows('stopped'))")
    assert facts["killed"] == facts["stopped"] == [n * n for n in range(20)]


@pytest.mark.slow
def test_scripts_and_yaml_give_typed_rows_or_text_as_the_command_does(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(
        "import pandas as pd\ndef run(paths):\n    return pd.DataFrame({'n': list(map(len, paths))})\n"
    )
    (tmp_path / "deployment.yml").write_text(
        "code_configuration: {code: ., scoring_script: score.py}\nmini_batch_size: 3\n"
    )
    (tmp_path / "in").mkdir()
    for number in range(8):
        (tmp_path / "in" / f"{number}.txt").write_text("")
    facts = program(
        tmp_path,
        """
        typed = bscore.score("deployment.yml", inputs="in", workers=1)
        text = bscore.score(script="score.py", inputs="in", output="out", workers=1)
        say(typed=list(typed.rows["n"]), over=typed.run.over, rows=text.rows, output=str(text.output))
        """,
    )
    length = len(str(tmp_path / "in" / "0.txt"))
    assert facts["typed"] == [length] * 8
    assert facts["over"] == 3
    assert facts["rows"] is None
    assert Path(facts["output"]).read_text().split() == [str(length)] * 8


def test_importing_bscore_stays_light() -> None:
    code = "import bscore, sys; print(bscore.__version__, sum(m.startswith('bscore') for m in sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split()[1] == "1"


@pytest.mark.slow
def test_several_models_are_given_by_name(tmp_path: Path) -> None:
    for name in ("one.bin", "two.bin"):
        (tmp_path / name).write_text(name)
    facts = program(
        tmp_path,
        """
        def run(batch):
            from azureml.core import Model
            return [open(Model.get_model_path(name)).read() for name in batch]

        models = {"a": "one.bin", "b": "two.bin"}
        say(rows=bscore.score(run=run, inputs=["a", "b"], items="values", model=models).rows)
        """,
    )
    assert facts["rows"] == ["one.bin", "two.bin"]


def test_other_columns_are_a_finding_and_another_order_is_none(tmp_path: Path) -> None:
    facts = program(
        tmp_path,
        """
        def named(batch):
            import pandas as pd
            return pd.DataFrame({name: batch for name in {3: "ba", 5: "ac"}.get(batch[0], "ab")})

        for inputs in ([1, 2, 3], [1, 5, 2]):
            done = bscore.score(run=named, inputs=inputs, mini_batch_size=1, workers=1)
            say(**{f"found{inputs[1]}": done.run.findings.get("columns-differ", "")})
        say(columns=list(done.rows.columns))
        """,
    )
    assert facts["found2"] == ""
    assert "mini-batch 1 returned ['a', 'c'], mini-batch 0 returned ['a', 'b']" in facts["found5"]
    assert facts["columns"] == ["a", "b", "c"]


@pytest.mark.parametrize("run", ["lambda batch: batch", "lambda batch: 1 / 0"])
def test_the_callers_process_is_as_it_was(tmp_path: Path, run: str) -> None:
    facts = program(
        tmp_path,
        f"""
        import ctypes, resource, signal
        def state():
            subreaper = ctypes.c_int()
            ctypes.CDLL(None).prctl(37, ctypes.byref(subreaper), 0, 0, 0)
            return [
                subreaper.value, resource.getrlimit(resource.RLIMIT_NOFILE), os.getcwd(),
                [str(signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)],
                [thread.name for thread in threading.enumerate()],
                open(f"/proc/self/task/{{os.getpid()}}/children").read(),
            ]
        resource.setrlimit(resource.RLIMIT_NOFILE, (900, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        before = state()
        try:
            bscore.score(inputs=[1, 2, 3], run={run}, workers=1)
        except bscore.ScoreError:
            pass
        say(before=before, after=state())
        """,
    )
    assert facts["after"] == facts["before"]
