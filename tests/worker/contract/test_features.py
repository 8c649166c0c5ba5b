"""One script per row of the feature table of `entry-scripts.md`, in the manner of those that people have."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.events import FailureKind
from rigs import NODE, Rig

OUT = f"logs/user/stdout/{NODE}/process000.stdout.txt"


@dataclass(frozen=True)
class Feature:
    """A script, what it is started with, and the rows it must give for its items."""

    name: str
    script: str
    rows: str
    files: dict[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    script_name: str = "score.py"


FEATURES = [
    Feature(
        "init loads, run iterates over paths, print",
        """
        import os
        def init():
            global weights
            weights = {"a.txt": 2}
            print("weights loaded")
        def run(mini_batch):
            print(f"run method start: {__file__}, run({mini_batch})")
            results = []
            for path in mini_batch:
                with open(path) as f:
                    text = f.read()
                results.append("{}: {}".format(os.path.basename(path), len(text) * weights.get("a.txt", 1)))
            return results
        """,
        "a.txt: 10\nb.txt: 6\n",
    ),
    Feature(
        "no init, no argparse, the argument's name is free",
        """
        def run(input_data):
            return [len(input_data)] * len(input_data)
        """,
        "2\n2\n",
    ),
    Feature(
        "argparse in init with parse_known_args",
        """
        import argparse
        def init():
            global args
            parser = argparse.ArgumentParser(allow_abbrev=False, description="scores")
            parser.add_argument("--threshold", dest="threshold", type=float, required=True)
            args, unknown_args = parser.parse_known_args()
        def run(mini_batch):
            return [args.threshold for _ in mini_batch]
        """,
        "0.5\n0.5\n",
        arguments=["--threshold", "0.5", "--labels_dir", "/l"],
    ),
    Feature(
        "argparse at module level, before any function",
        """
        from argparse import ArgumentParser
        parser = ArgumentParser()
        parser.add_argument("--model_name", type=str)
        parser.add_argument("--logging_level", default="WARNING")
        ARGS, _ = parser.parse_known_args()
        NAME = ARGS.model_name
        def init():
            assert NAME
        def run(mini_batch):
            return [(NAME, ARGS.logging_level)] * len(mini_batch)
        """,
        "('resnet', 'INFO')\n('resnet', 'INFO')\n",
        arguments=["--model_name", "resnet"],
    ),
    Feature(
        "files beside the script, found by __file__",
        """
        import json
        from pathlib import Path
        def init():
            global labels
            labels = json.loads((Path(__file__).resolve().parent / "labels.json").read_text())
        def run(mini_batch):
            return [labels[i] for i, _ in enumerate(mini_batch)]
        """,
        "cat\ndog\n",
        {"labels.json": '["cat", "dog"]'},
    ),
    Feature(
        "sibling modules, also in a folder",
        """
        from preprocess import clean
        from utils.text import shout
        def run(mini_batch):
            return [shout(clean(p)) for p in mini_batch]
        """,
        "A\nB\n",
        {
            "preprocess.py": "import os\ndef clean(p): return os.path.basename(p).split('.')[0]",
            "utils/__init__.py": "",
            "utils/text.py": "def shout(t): return t.upper()",
        },
    ),
    Feature(
        "relative imports inside a package, dotted entry name",
        """
        from .deep.model import predict
        from . import NAME
        def run(mini_batch, context):
            return [f"{NAME} {predict(i)} {__package__} {__name__}" for i in range(len(mini_batch))]
        """,
        "pkg 0 batch_score batch_score.main\npkg 10 batch_score batch_score.main\n",
        {
            "batch_score/__init__.py": "NAME = 'pkg'",
            "batch_score/deep/__init__.py": "",
            "batch_score/deep/model.py": "from ..base import K\ndef predict(i): return i * K",
            "batch_score/base.py": "K = 10",
        },
        script_name="batch_score.main",
    ),
    Feature(
        "other environment variables",
        """
        import os
        def init():
            global device
            device = os.environ.get("DEVICE", "cpu")
        def run(mini_batch):
            return [device, os.getenv("AZUREML_RUN_ID")]
        """,
        "gpu\njob-1\n",
        environment={"DEVICE": "gpu"},
    ),
    Feature(
        "mini_batch_context",
        """
        def run(mini_batch, mini_batch_context):
            c = mini_batch_context
            return [f"{c.minibatch_index}-{len(c.dataset)}-{dict(c.partition_key_value)}"] * len(mini_batch)
        """,
        "0-2-{}\n0-2-{}\n",
    ),
    Feature(
        "global state between the calls, csv by the standard library",
        """
        import csv
        seen = []
        def run(mini_batch):
            for p in mini_batch:
                with open(p, newline="") as f:
                    seen.extend(row for row in csv.reader(f))
            return [len(seen), seen[-1][0]]
        """,
        "2\nxyz\n",
    ),
    Feature(
        "imports of azureml.core that nothing uses",
        """
        from azureml.core import Workspace, Dataset, Datastore, Environment, Experiment, Model
        from azureml.core.model import Model
        from azureml.core.run import Run
        from azureml.core.authentication import ServicePrincipalAuthentication
        import azureml.core
        def init():
            print("SDK version:", azureml.core.VERSION)
        def run(mini_batch):
            return mini_batch[:0] + ["ok"] * len(mini_batch)
        """,
        "ok\nok\n",
    ),
    Feature(
        "main guard, script called main.py",
        """
        def run(mini_batch):
            return [__name__] * len(mini_batch)
        if __name__ == "__main__":
            raise SystemExit("not to be run")
        """,
        "main\nmain\n",
        script_name="main.py",
    ),
    Feature(
        "modules with the names of the worker's own",
        """
        import answers, logging_utils, loop, rows, row_text, script, shims, wire, profiling, inspect_me
        def run(mini_batch):
            return [answers.x + logging_utils.x + loop.x + rows.x + script.x, shims.x + wire.x + row_text.x]
        """,
        "5\n3\n",
        {
            f"{name}.py": "x = 1"
            for name in (
                "answers", "logging_utils", "loop", "rows", "row_text", "script", "shims", "wire",
                "profiling", "inspect_me",
            )
        },
    ),
    Feature(
        "changes the folder, sys.path, sys.argv, the locale and stdout",
        """
        import io, locale, os, sys
        def init():
            os.chdir("/")
            sys.path.insert(0, "/nowhere")
            sys.argv = ["mine"]
            locale.setlocale(locale.LC_ALL, "C")
        def run(mini_batch):
            sys.stdout = io.StringIO()
            print("swallowed")
            return [os.getcwd(), sys.argv[0]]
        """,
        "/\nmine\n",
    ),
]  # fmt: skip


def items(folder: Path) -> list[str]:
    data = folder / "data"
    data.mkdir()
    (data / "a.txt").write_text("hello")
    (data / "b.txt").write_text("xyz")
    return [str(data / "a.txt"), str(data / "b.txt")]


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_script_in_the_manner_of_real_ones(tmp_path: Path, feature: Feature) -> None:
    file = feature.script_name.replace("batch_score.main", "batch_score/main.py")
    changes = {
        "script": feature.script_name,
        "arguments": tuple(feature.arguments),
        "environment": feature.environment,
    }
    with Rig(tmp_path, {file: feature.script, **feature.files}, **changes) as rig:
        rig.assign(rig.start(), items(tmp_path))
        (answer,) = rig.answered(1)
        assert not rig.failures, rig.failures
        assert answer.rows.decode() == feature.rows


def test_the_model_is_found_in_all_the_ways_that_scripts_take(tmp_path: Path) -> None:
    script = """
        import glob, os, pickle
        from azureml.core.model import Model
        def init():
            global found
            root = os.environ["AZUREML_MODEL_DIR"]
            ways = [
                os.path.join(root, "iris"),
                glob.glob(root + "/*/")[0].rstrip("/"),
                os.path.join(root, os.listdir(root)[0]),
                Model.get_model_path("iris"),
                Model.get_model_path(model_name="iris", version=1, _workspace=None),
                "azureml-models/iris/1/iris",
            ]
            found = []
            for way in ways:
                with open(os.path.join(way, "model.pkl"), "rb") as f:
                    found.append(pickle.load(f)["name"])
        def run(mini_batch):
            return found
    """
    model = tmp_path / "model"
    (tmp_path / "iris").mkdir()
    (tmp_path / "iris" / "model.pkl").write_bytes(pickle.dumps({"name": "forest"}, 2))
    model.mkdir()
    (model / "iris").symlink_to(tmp_path / "iris")
    with Rig(tmp_path, script, model=str(model)) as rig:
        name = rig.start()
        rig.assign(name, ["a"])
        assert rig.answered(1)[0].rows.decode().split() == ["forest"] * 6
        folder = Path(rig.setup.spool) / "work" / NODE / "process000"
        assert (folder / "azureml-models/iris/1/iris/model.pkl").exists()
        rig.stop(name)
        rig.gone()
        assert not folder.exists()
        assert (tmp_path / "iris" / "model.pkl").exists()


@pytest.mark.parametrize(
    ("expression", "rows", "succeeded"),
    [
        ("[0.5, 1, True]", "0.5\n1\nTrue\n", 2),
        ("[(os.path.basename(p), 1) for p in mini_batch]", "('a', 1)\n('b', 1)\n", 2),
        ("[[os.path.basename(p), 0] for p in mini_batch]", "['a', 0]\n['b', 0]\n", 2),
        ("[{'file': 'a', 'score': 0.25}] * 2", "{'file': 'a', 'score': 0.25}\n" * 2, 2),
        ("list(numpy.array([[1, 2], [3, 4]]))", "[1 2]\n[3 4]\n", 2),
        ("[numpy.float32(0.1), numpy.int64(3)]", "0.1\n3\n", 2),
        ("[pandas.DataFrame({'x': [1, 2]})]", "   x\n0  1\n1  2\n", 1),
        ("pandas.DataFrame({'f': mini_batch, 'p': [0.1, float('nan')]})", "/a 0.1\n/b \n", 2),
        ("mini_batch", "/a\n/b\n", 2),
        ("[]", "", 0),
        ("pandas.DataFrame()", "", 0),
        ("pandas.DataFrame(columns=['a'])", "", 0),
    ],
)  # fmt: skip
def test_what_scripts_return_and_what_is_written(
    returning: Rig, expression: str, rows: str, succeeded: int
) -> None:
    answer = ask(returning, expression)
    assert isinstance(answer.event, e.Finished), answer.event
    assert (answer.rows.decode(), answer.event.succeeded) == (rows, succeeded)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("str(ValueError('no such file'))", "str"),
        ("None", "NoneType"),
        ("pandas.Series([1, 2])", "pandas.*Series"),
        ("{'a': 1}.items()", "dict_items"),
        ("numpy.array(5)", "numpy.ndarray"),
        ("b'rows'", "bytes"),
    ],
)
def test_what_scripts_return_and_the_original_rejects(returning: Rig, expression: str, kind: str) -> None:
    failed = ask(returning, expression).event
    assert isinstance(failed, e.AttemptFailed)
    assert failed.kind is FailureKind.REJECTED
    assert failed.message.startswith("The run() method in the entry script accepts and should return a list")
    assert all(part in failed.message for part in kind.split(".*"))


@pytest.fixture(scope="module")
def returning(tmp_path_factory: pytest.TempPathFactory) -> object:
    """One worker that returns what its first argument's expression says."""
    script = """
        import json, os, numpy, pandas
        def run(mini_batch):
            with open(os.environ["EXPRESSION"]) as f:
                return eval(f.read())
    """
    folder = tmp_path_factory.mktemp("returning")
    with Rig(folder, script, environment={"EXPRESSION": str(folder / "expression")}) as rig:
        rig.start()
        yield rig


def ask(rig: Rig, expression: str) -> object:
    (rig.folder / "expression").write_text(expression)
    number = len(rig.answers)
    rig.assign(f"{NODE}/process000", ["/a", "/b"], first=number)
    return rig.answered(number + 1)[number]


def test_own_files_go_to_the_output_and_shutdown_closes_them(tmp_path: Path) -> None:
    script = """
        import json, os
        def init():
            global out, count
            folder = os.environ["AZUREML_BI_OUTPUT_PATH"]
            os.makedirs(folder, exist_ok=True)
            out = open(os.path.join(folder, "mine_%d.json" % os.getpid()), "w")
            count = 0
        def run(mini_batch):
            global count
            count += len(mini_batch)
            return []
        def shutdown():
            json.dump({"count": count}, out)
            out.close()
    """
    with Rig(tmp_path, script, append_row=False) as rig:
        name = rig.start()
        rig.assign(name, ["a", "b"], ["c"])
        rig.answered(2)
        rig.stop(name)
        rig.gone()
        (mine,) = (tmp_path / "output").glob("mine_*.json")
        assert json.loads(mine.read_text()) == {"count": 3}


def test_the_documented_logging_example_prints_and_logs_as_it_stands(tmp_path: Path) -> None:
    script = """
        import argparse
        import logging
        import os

        def init():
            parser = argparse.ArgumentParser()
            parser.add_argument("--logging_level")
            args, _ = parser.parse_known_args()
            print(f"level {args.logging_level}")
            global logger
            logger = logging.getLogger(__name__)
            logger.setLevel(args.logging_level.upper())
            logger.debug("fine")
            logger.info("Init complete")

        def run(mini_batch):
            logger.info(f"run({len(mini_batch)})")
            logger.warning("slow disk")
            return mini_batch
    """
    info = "INFO:score:Init complete\nINFO:score:run(1)\n"
    levels = {"DEBUG": "DEBUG:score:fine\n" + info, "info": info, "WARNING": ""}
    for level, lines in levels.items():
        with Rig(tmp_path / level, script, logging_level=level) as rig:
            rig.assign(rig.start(), ["a"])
            rig.answered(1)
            assert rig.text(OUT) == f"level {level}\n{lines}WARNING:score:slow disk\n"
