"""What can be known of a scoring script without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.errors import UsageError
from bscore.spec.script_check import check_files_script, check_script

RUN = "def run(mini_batch):\n    return mini_batch\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run = 3\n", "score.py:1: run = 3"),
        ("run = [1]\nrun = {'a': 1}\n", "score.py:2: run = {'a': 1}"),
        (RUN + "init = 'later'\n", "score.py:3: init = 'later'"),
        (RUN + "shutdown = f'{1}'\n", "shutdown in the scoring script is no function"),
    ],
)
def test_a_value_where_a_function_belongs_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "score.py").write_text(text)
    with pytest.raises(UsageError) as caught:
        check_script(tmp_path, "score.py")
    assert said in str(caught.value)
    assert "as a function" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "run = None\n" + RUN,
        "run = 3\n" + RUN,
        RUN + "init = None\n",
        "from functools import partial\nrun = partial(list)\n",
        "def run(b):\n    run = 3\n    return b\n",
        "init = 1\nfrom other import *\n" + RUN,
        "run = 0\nglobals()['run'] = list\n",
    ],
)
def test_what_may_become_a_function_is_left_to_its_interpreter(tmp_path: Path, text: str) -> None:
    (tmp_path / "score.py").write_text(text)
    check_script(tmp_path, "score.py")


@pytest.mark.parametrize(
    ("body", "use"),
    [
        ("print(b.shape)", ".shape"),
        ("n = 3\n    for i, row in b.iterrows():\n        n += 1", ".iterrows"),
        ("x = b['a'] + 1", "['a']"),
        ("return model.predict(b[['a', 'b']])", "[['a', 'b']]"),
        ("b = b.drop(columns='a')", ".drop"),
        ("b = b[b['a'] > 1]", "[b['a'] > 1]"),
        ("with open('x') as f:\n        f.write(str(b.columns))", ".columns"),
    ],
)
def test_a_first_use_that_only_a_table_has_is_refused_for_files(tmp_path: Path, body: str, use: str) -> None:
    (tmp_path / "score.py").write_text(f"def run(b):\n    {body}\n    return []\n")
    with pytest.raises(UsageError) as caught:
        check_files_script(tmp_path, "score.py")
    assert f"it uses {use} of its mini-batch" in str(caught.value)
    assert "pandas.read_csv" in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "b = pd.DataFrame(b)\n    return b.shape",
        "for path in b:\n        path.shape",
        "return b[0].shape",
        "return b.copy()",
        "if TABLE:\n        return b.shape",
        "try:\n        b.shape\n    except AttributeError:\n        pass",
        "return len(b) and b.shape",
        "return b.shape if TABLE else b",
        "n = len(b)\n    return b.shape",
        "return [1",
    ],
)
def test_a_first_use_that_a_list_has_too_says_nothing(tmp_path: Path, body: str) -> None:
    (tmp_path / "score.py").write_text(f"def run(b):\n    {body}\n")
    check_files_script(tmp_path, "score.py")
