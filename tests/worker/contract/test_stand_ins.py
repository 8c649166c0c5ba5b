"""`azureml_user` and `azureml.core` where nobody installed them, and out of the way where somebody did."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bscore.core import events as e
from rigs import NODE, Rig

OUT = f"logs/user/stdout/{NODE}/process000.stdout.txt"
LOG = f"logs/user/entry_script_log/{NODE}/process000.log.txt"


def test_the_entry_script_helper_has_what_is_documented(tmp_path: Path) -> None:
    script = """
        import os
        from azureml_user.parallel_run import EntryScript
        def init():
            global entry_script
            entry_script = EntryScript()
            entry_script.logger.debug("too fine")
            entry_script.logger.info("init on %s", entry_script.agent_name)
            os.makedirs(entry_script.log_dir, exist_ok=True)
            with open(os.path.join(entry_script.log_dir, entry_script.agent_name + ".own.txt"), "w") as f:
                f.write("mine")
        def run(mini_batch):
            same = EntryScript() is entry_script and EntryScript().logger is entry_script.logger
            EntryScript().logger.warning("umlaut \\u00fc")
            try:
                EntryScript().workspace
            except AttributeError as error:
                return [same, EntryScript().output_dir, str(error)]
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a", "b", "c"])
        same, output, words = rig.answered(1)[0].rows.decode().splitlines()
        assert (same, output) == ("True", str(tmp_path / "output"))
        assert "'workspace'" in words
        assert "logger, log_dir, output_dir, dir, working_dir and agent_name" in words
        lines = rig.text(LOG).splitlines()
        assert [line.split("|", 1)[1] for line in lines] == [
            f"INFO|{rig.agent.workers[f'{NODE}/process000'].system.pid}|init on process000",
            f"WARNING|{rig.agent.workers[f'{NODE}/process000'].system.pid}|umlaut \u00fc",
        ]
        assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\|", line) for line in lines)
        assert rig.text(OUT) == ""
        assert rig.text(f"logs/user/entry_script_log/{NODE}/process000.own.txt") == "mine"
        finished = rig.answers[0].event
        assert isinstance(finished, e.Finished)
        assert finished.log == len("\n".join(lines).encode()) + 1


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_entry_script_helper_knows_its_folders_and_travels_by_name(tmp_path: Path, method: str) -> None:
    script = f"""
        import copy, multiprocessing, os, pickle
        from azureml_user.parallel_run import EntryScript
        helper = EntryScript()
        def seen(helper):
            helper.logger.info("seen")
            return [helper is EntryScript(), helper.dir, helper.working_dir]
        def init():
            helper.logger.info("has a handler")
        def run(mini_batch):
            same = [pickle.loads(pickle.dumps(helper, n)) is helper for n in range(2, 5)]
            same += [copy.copy(helper) is helper, copy.deepcopy(helper) is helper]
            with multiprocessing.get_context({method!r}).Pool(1) as pool:
                child = pool.apply(seen, [helper])
            facts = seen(helper)
            return [all(same), child == facts, os.path.dirname(__file__) == facts[1], os.getcwd() == facts[2]]
    """
    with Rig(tmp_path, {"pkg/score.py": script}, script="pkg/score.py") as rig:
        rig.assign(rig.start(), ["a"])
        (answer,) = rig.answered(1)
        assert answer.rows == b"True\n" * 4, rig.failures


def test_an_offline_run_prints_what_it_is_told_and_has_no_experiment(tmp_path: Path) -> None:
    script = """
        from azureml.core import Run
        from azureml.core.run import Run as Same
        from azureml.exceptions import RunEnvironmentException
        run_ = Run.get_context()
        def init():
            run_.log("accuracy", 0.9)
            run_.log_row("loss", epoch=1)
            run_.tag("a", "b")
        def run(mini_batch):
            found = [Run is Same, run_.id.startswith("OfflineRun_"), hasattr(run_, "input_datasets")]
            try:
                run_.experiment.workspace
            except AttributeError as error:
                found.append(str(error))
            try:
                Run.get_context(allow_offline=False)
            except RunEnvironmentException as error:
                found.append(type(error).__name__)
            return found
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a"])
        same, offline, has, experiment, refused = rig.answered(1)[0].rows.decode().splitlines()
        assert (same, offline, has, refused) == ("True", "True", "False", "RunEnvironmentException")
        assert experiment.startswith("'_OfflineRun' object has no attribute 'experiment'")
        assert "Model.get_model_path(name) or AZUREML_MODEL_DIR" in experiment
        assert rig.text(OUT) == (
            "Attempted to log scalar metric accuracy:\n0.9\n"
            "Attempted to log row metric loss:\n{'epoch': 1}\n"
            "Attempted to add tag a with value b\n"
        )


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (
            "Workspace.from_config()",
            "RuntimeError",
            "azureml.core.Workspace.from_config needs an Azure ML workspace",
        ),
        ("Model(None, name='x')", "RuntimeError", "Use Model.get_model_path(name) or AZUREML_MODEL_DIR"),
        ("Model.list(None)", "RuntimeError", "azureml.core.Model.list needs"),
        ("Dataset.get_by_name(None, 'd')", "RuntimeError", "Read files from mini_batch"),
        ("Keyvault.get_secret('s')", "RuntimeError", "environment_variables"),
        ("import azureml.core.compute", "ModuleNotFoundError", "Install azureml-core"),
        ("from azureml.core import Nothing", "ImportError", "Nothing"),
        ("from azureml_user import other", "ImportError", "other"),
        ("Model.get_model_path('bert')", "azureml.exceptions.ModelNotFoundException", "--model bert=PATH"),
        ("Model.get_model_path('m', 7)", "azureml.exceptions.WebserviceException", "--model m:7=PATH"),
        ("Model.get_model_path('m', '1')", "azureml.exceptions.WebserviceException", "should be an int"),
    ],
)
def test_what_a_stand_in_cannot_do_is_said_in_one_sentence(
    refusing: Rig, line: str, kind: str, words: str
) -> None:
    (refusing.folder / "line").write_text(line)
    number = len(refusing.answers)
    refusing.assign(f"{NODE}/process000", ["a"], first=number)
    event = refusing.answered(number + 1)[number].event
    assert isinstance(event, e.AttemptFailed)
    assert event.error_type.rpartition(".")[2] == kind.rpartition(".")[2]
    assert words in event.message
    assert event.place == "score.py:5 in run"


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> object:
    script = """
        import os
        from azureml.core import Dataset, Keyvault, Model, Workspace
        def run(mini_batch):
            exec(open(os.environ["LINE"]).read())
    """
    folder = tmp_path_factory.mktemp("refusing")
    (folder / "model").mkdir()
    (folder / "model" / "m").write_text("")
    changes = {"environment": {"LINE": str(folder / "line")}, "model": str(folder / "model")}
    with Rig(folder, script, **changes) as rig:
        rig.start()
        yield rig


def test_a_real_package_is_never_covered(tmp_path: Path) -> None:
    files = {
        "azureml_user/__init__.py": "",
        "azureml_user/parallel_run.py": "class EntryScript: agent_name = 'real'",
        "azureml/core/__init__.py": "class Run:\n  def get_context(): return 'real run'",
        "azureml/other.py": "x = 'real part'",
        "score.py": """
            from azureml_user.parallel_run import EntryScript
            from azureml.core import Run
            import azureml.other, importlib
            def run(mini_batch):
                try:
                    importlib.import_module("azureml.core.model")
                except ModuleNotFoundError:
                    missing = "no model there"
                return [EntryScript.agent_name, Run.get_context(), azureml.other.x, missing]
        """,
    }
    with Rig(tmp_path, files) as rig:
        rig.assign(rig.start(), ["a"])
        rows = rig.answered(1)[0].rows.decode().splitlines()
        assert [f.message for f in rig.failures] == []
        assert rows == ["real", "real run", "real part", "no model there"]


def test_another_part_of_azureml_may_be_real_while_core_is_missing(tmp_path: Path) -> None:
    files = {
        "azureml/mlflow.py": "x = 'real part'",
        "score.py": """
            import azureml.mlflow
            from azureml.core.model import Model
            def run(mini_batch):
                return [azureml.mlflow.x, Model.__name__]
        """,
    }
    with Rig(tmp_path, files) as rig:
        rig.assign(rig.start(), ["a"])
        assert rig.answered(1)[0].rows.decode().splitlines() == ["real part", "Model"]


MODEL_SCRIPT = """
    import os
    from azureml.core.model import Model
    def run(mini_batch):
        os.chdir("/")
        return [os.path.relpath(Model.get_model_path(*eval(a)), os.environ["HERE"]) for a in mini_batch]
"""


@pytest.mark.parametrize(
    ("changes", "asked", "paths"),
    [
        (
            {},
            ["'net.onnx',", "'net',", "'net', 1"],
            ["net.onnx/1/net.onnx", "net/1/net.onnx", "net/1/net.onnx"],
        ),
        ({"model_name": "vgg", "model_version": "3"}, ["'vgg',", "'vgg', 3"], ["vgg/3/net.onnx"] * 2),
    ],
)
def test_a_model_is_found_by_its_name_or_its_files(
    tmp_path: Path, changes: dict[str, str], asked: list[str], paths: list[str]
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "net.onnx").write_text("")
    here = tmp_path / "spool" / "work" / NODE / "process000" / "azureml-models"
    changes = {"model": str(tmp_path / "model"), "environment": {"HERE": str(here)}, **changes}
    with Rig(tmp_path, MODEL_SCRIPT, **changes) as rig:
        rig.assign(rig.start(), asked)
        assert rig.answered(1)[0].rows.decode().split() == paths


def test_a_folder_called_azureml_models_holds_several_models_as_they_are(tmp_path: Path) -> None:
    for name in ("a/1/x.pkl", "a/12/x.pkl", "b/2/folder/y"):
        path = tmp_path / "kept" / "azureml-models" / name
        path.parent.mkdir(parents=True)
        path.write_text("")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "azureml-models").symlink_to(tmp_path / "kept" / "azureml-models")
    here = tmp_path / "spool" / "work" / NODE / "process000" / "azureml-models"
    changes = {"model": str(tmp_path / "model"), "environment": {"HERE": str(here)}}
    with Rig(tmp_path, MODEL_SCRIPT, **changes) as rig:
        name = rig.start()
        rig.assign(name, ["'a',", "'a', 1", "'b',"])
        assert rig.answered(1)[0].rows.decode().split() == ["a/12/x.pkl", "a/1/x.pkl", "b/2/folder"]
        rig.stop(name)
        rig.gone()
        assert not here.parent.exists()
        assert (tmp_path / "kept/azureml-models/b/2/folder/y").exists()
