"""What a template imports is read from the script: installed modules, up to code that could change them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from bscore_worker import imports


def found(folder: Path, source: str, **siblings: str) -> list[str]:
    """The modules of a script's imports; `siblings` are texts by file name without its ending."""
    for name, text in siblings.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    script = folder / "score.py"
    script.write_text(textwrap.dedent(source))
    return [wanted.module for wanted in imports.third_party(str(script), str(folder))]


def test_imports_of_the_script_and_of_its_siblings_come_in_the_order_of_a_run(tmp_path: Path) -> None:
    source = """
        import json
        from helper import f
        from package.inner import g
        import csv
    """
    helper = "import pandas.api\nfrom yaml import safe_load\n"
    inner = "from . import other\nimport click\n"
    siblings = {
        "helper": helper,
        "package/__init__": "import shlex\n",
        "package/inner": inner,
        "package/other": "import jmespath\n",
    }
    assert found(tmp_path, source, **siblings) == [
        "json", "pandas.api", "yaml", "shlex", "jmespath", "click", "csv",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        'os.environ["OMP_NUM_THREADS"] = "1"',
        'os.environ.setdefault("A", "b")',
        'os.putenv("A", "b")',
        'sys.path.insert(0, "elsewhere")',
        'sys.path = ["elsewhere"]',
        "configure()",
        "value = configure()",
        "for name in (1, 2): pass",
        'if sys.argv: os.environ["A"] = "b"',
        "import own",
        'with open("x") as file: pass',
    ],
)
def test_behind_code_that_could_change_how_modules_load_nothing_is_imported(
    tmp_path: Path, statement: str
) -> None:
    source = f"import os, sys\n{statement}\nimport pandas\n"
    expected = ["os", "sys", "os"] if statement == "import own" else ["os", "sys"]
    assert found(tmp_path, source, own='import os\nos.environ["A"] = "b"') == expected


@pytest.mark.parametrize(
    "statement",
    [
        '"""text"""',
        'HERE = os.path.dirname(os.path.abspath("x"))',
        'LEVEL = os.environ.get("LEVEL", "INFO").upper()',
        "logger = logging.getLogger(__name__)",
        'warnings.filterwarnings("ignore")',
        "def init(): os.environ['A'] = 'b'",
        "class Model(Base): size = make()",
        "a, b = 1, [2, 3]",
        "if TYPE_CHECKING:\n    import own",
        'if __name__ == "__main__":\n    main()',
        "if sys.version_info > (3, 8):\n    import csv",
    ],
)
def test_what_only_defines_names_ends_nothing(tmp_path: Path, statement: str) -> None:
    assert found(tmp_path, f"{statement}\nimport pandas\n", own="danger()") == ["pandas"]


def test_what_is_not_installed_or_being_worked_on_is_left_to_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "mine").mkdir(parents=True)
    (project / "mine" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(project))
    source = "import nowhere_to_be_found\nimport mine\nimport json\n"
    assert found(tmp_path / "project", source) == ["json"]


def test_an_import_in_a_try_may_fail_and_its_handler_is_left_alone(tmp_path: Path) -> None:
    source = "try:\n    import pandas\nexcept ImportError:\n    pandas = None\nimport json\n"
    script = tmp_path / "score.py"
    script.write_text(source)
    wanted = imports.third_party(str(script), str(tmp_path))
    assert wanted == [imports.Import("pandas", (), optional=True), imports.Import("json")]


@pytest.mark.parametrize("source", ["def (:\n", "\0", "import json\nfrom score import x\n"])
def test_a_script_that_python_cannot_read_or_that_imports_itself_ends_the_search(
    tmp_path: Path, source: str
) -> None:
    assert set(found(tmp_path, source)) <= {"json"}
