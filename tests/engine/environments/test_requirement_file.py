"""Requirement files: shape looked at, meaning left to pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.environments.conda_file import read_wanted
from bscore.spec.problems import SpecError


def test_what_pip_accepts_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "base.txt").write_text("-c limits.txt\n-r ../requirements.txt\nsix\n")
    (tmp_path / "sub" / "limits.txt").write_text("numpy<2\n")
    path = tmp_path / "requirements.txt"
    path.write_bytes(
        b"\xef\xbb\xbf# a comment\n\n-r sub/base.txt\r\n--find-links=wheels\n--no-index\n--pre\n"
        b"numpy>=1.20,<2 # why\nrequests[security] >= 2.8.1 , == 2.8.* ; python_version < '3.9'\n"
        b"torch==1.13 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def\n"
        b"pkg @ https://example.org/a.zip#sha256=1\ngit+https://example.org/x.git@v1#egg=x\n"
        b"./mine[extra]\n-e mine\n-i https://${USER}:${TOKEN}@example.org/simple\nPyYAML\n"
    )
    wanted = read_wanted(path)
    assert [one.text for one in wanted.requirements] == [
        "six",
        "numpy>=1.20,<2",
        "requests[security] >= 2.8.1 , == 2.8.* ; python_version < '3.9'",
        "torch==1.13 --hash=sha256:abc     --hash=sha256:def",
        "pkg @ https://example.org/a.zip#sha256=1",
        "git+https://example.org/x.git@v1#egg=x",
        f"{tmp_path}/mine[extra]",
        f"-e {tmp_path}/mine",
        "PyYAML",
    ]
    assert [one.text for one in wanted.constraints] == ["numpy<2"]
    assert wanted.options == (
        f"--find-links {tmp_path}/wheels",
        "--no-index",
        "--pre",
        "--index-url 'https://${USER}:${TOKEN}@example.org/simple'",
    )
    assert wanted.python is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("numpy=1.20", "did you mean 'numpy==1.20'"),
        ("numpy=1.20=py38_0", "did you mean 'numpy==1.20'"),
        ("numpy >== 1", "expected name"),
        ("numpy pandas", "expected name"),
        ("-r", "needs a value"),
        ("-r nothing.txt", "there is no such file"),
        ("-c nothing.txt", "there is no such file"),
        ("./nothing", "there is no such file"),
        ("--no-indx", "did you mean '--no-index'"),
        ("--find-links 'open", "No closing quotation"),
    ],
)
def test_a_line_that_pip_would_refuse(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"six\n\n{line}\n")
    with pytest.raises(SpecError) as caught:
        read_wanted(path)
    assert words in str(caught.value)
    assert [one.line for one in caught.value.problems] == [3]


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_bytes(b"numpy\xff\n")
    with pytest.raises(SpecError, match="not UTF-8"):
        read_wanted(path)
