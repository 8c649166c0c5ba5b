"""Conda files: what pip is asked for, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.environments.conda_file import read_inline, read_wanted
from bscore.environments.conda_specs import pip_version, read_spec
from bscore.environments.python_versions import PythonWish, read_wish
from bscore.errors import NotFoundError
from bscore.spec.problems import SpecError


@pytest.mark.parametrize(
    ("conda", "name", "pip"),
    [
        ("numpy", "numpy", ""),
        ("numpy=1.20", "numpy", "==1.20.*"),
        ("numpy=1.20.3", "numpy", "==1.20.3.*"),
        ("numpy =1.20", "numpy", "==1.20.*"),
        ("numpy==1.20", "numpy", "==1.20"),
        ("numpy=1.20.*", "numpy", "==1.20.*"),
        ("numpy=1.20*", "numpy", "==1.20.*"),
        ("numpy 1.20.*", "numpy", "==1.20.*"),
        ("numpy 1.20.3", "numpy", "==1.20.3"),
        ("numpy>=1.20,<2", "numpy", ">=1.20,<2"),
        ("numpy >= 1.20 , < 2", "numpy", ">=1.20,<2"),
        ("numpy~=1.20", "numpy", "~=1.20"),
        ("numpy!=1.21", "numpy", "!=1.21"),
        ("numpy!=1.21.*", "numpy", "!=1.21.*"),
        ("numpy>=1.20.*", "numpy", ">=1.20"),
        ("numpy=1.20.3=py38h9894fe3_0", "numpy", "==1.20.3"),
        ("numpy==1.20.3=py38h9894fe3_0", "numpy", "==1.20.3"),
        ("numpy 1.20.3 py38h9894fe3_0", "numpy", "==1.20.3"),
        ("numpy=1.20=*openblas*", "numpy", "==1.20"),
        ("numpy=*", "numpy", ""),
        ("numpy *", "numpy", ""),
        ("numpy >=1.20 py38*", "numpy", ">=1.20"),
        ("conda-forge::numpy=1.20", "numpy", "==1.20.*"),
        ("conda-forge/linux-64::numpy==1.20", "numpy", "==1.20"),
        ("numpy[version='>=1.20,<2',build=py38*]", "numpy", ">=1.20,<2"),
        ("NumPy=1.20", "numpy", "==1.20.*"),
        ("lightgbm=3.0.0rc1", "lightgbm", "==3.0.0rc1"),
        ("_libgcc_mutex=0.1=main", "_libgcc_mutex", "==0.1"),
    ],
)
def test_a_conda_spec_in_the_words_of_pip(conda: str, name: str, pip: str) -> None:
    spec = read_spec(conda)
    assert (spec.name, pip_version(spec.version)) == (name, pip)


@pytest.mark.parametrize("text", ["numpy=1.20|1.21", "numpy>=", "=1.20", "numpy=abc", "numpy[version"])
def test_what_pip_cannot_be_told_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        pip_version(read_spec(text).version)


@pytest.mark.parametrize(
    ("text", "fitting", "others"),
    [
        ("=3.8", [(3, 8, 0), (3, 8, 18)], [(3, 7, 16), (3, 9, 0), (3, 80, 0)]),
        ("==3.8", [(3, 8, 18)], [(3, 9, 18)]),
        ("3.8.*", [(3, 8, 18)], [(3, 9, 18)]),
        ("=3.8.5", [(3, 8, 5)], [(3, 8, 18)]),
        (">=3.8,<3.11", [(3, 8, 0), (3, 10, 13)], [(3, 7, 16), (3, 11, 0)]),
        (">3.8,<=3.10.13", [(3, 8, 1), (3, 10, 13)], [(3, 8, 0), (3, 11, 0)]),
        ("!=3.9.*", [(3, 8, 0), (3, 10, 0)], [(3, 9, 1)]),
        ("!=3.9", [(3, 9, 1)], [(3, 9, 0)]),
        ("~=3.8.5", [(3, 8, 5), (3, 8, 18)], [(3, 8, 4), (3, 9, 0)]),
        ("~=3.8", [(3, 8, 0), (3, 12, 1)], [(3, 7, 9), (4, 0, 0)]),
        ("=3", [(3, 7, 0), (3, 13, 0)], [(2, 7, 18), (4, 0, 0)]),
    ],
)
def test_python_versions_that_a_wish_allows(
    text: str, fitting: list[tuple[int, int, int]], others: list[tuple[int, int, int]]
) -> None:
    wish = read_wish(text)
    assert isinstance(wish, PythonWish)
    assert [one for one in fitting + others if wish.allows(one)] == fitting


def test_a_whole_conda_file(tmp_path: Path) -> None:
    """What real ones hold: names that differ, libraries, programs, a pip list with a file."""
    (tmp_path / "more.txt").write_text("joblib>=1  # kept\n--extra-index-url https://example.org/simple\n")
    path = tmp_path / "conda.yml"
    path.write_text(
        "name: scoring\nchannels: [pytorch, conda-forge]\nvariables: {A: b}\ndependencies:\n"
        "  - python=3.8.5\n  - pip=23.0\n  - pytorch::pytorch=1.13\n  - cudatoolkit=11.6\n  - opencv=4.5.3\n"
        "  - py-xgboost=1.7\n  - pytables\n  - msgpack-python\n  - scikit-learn=1.0\n  - libgcc-ng>=9\n"
        "  - ffmpeg\n  - tensorflow-gpu=2.10\n  - pip:\n    - azureml-defaults==1.50\n    - -r more.txt\n"
    )
    wanted = read_wanted(path)
    assert wanted.name == "scoring"
    assert wanted.python == read_wish("=3.8.5")
    assert [one.text for one in wanted.requirements] == [
        "pip==23.0.*", "torch==1.13.*", "opencv-python-headless==4.5.3.*", "xgboost==1.7.*", "tables",
        "msgpack", "scikit-learn==1.0.*", "tensorflow==2.10.*", "azureml-defaults==1.50", "joblib>=1",
    ]  # fmt: skip
    assert wanted.options == ("--extra-index-url https://example.org/simple",)
    assert wanted.notes == (
        "left out, no meaning for pip: cudatoolkit, libgcc-ng",
        "left out, programs that pip cannot install; the system's are used: ffmpeg",
        "left out of the conda file: variables",
    )


def test_tensorflow_1_keeps_its_gpu_package() -> None:
    wanted = read_inline("dependencies: [tensorflow-gpu=1.15, tensorflow-gpu=2.4]\n", Path("/"))
    assert [one.text for one in wanted.requirements] == ["tensorflow-gpu==1.15.*", "tensorflow==2.4.*"]


def test_every_mistake_of_a_conda_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "conda.yml"
    path.write_text(
        "name: x\nchanels: [a]\ndependencies:\n  - numpy=1|2\n  - python=3.6\n  - {pipp: [a]}\n  - pip:\n"
        "    - pandas=1.0\n    - -r gone.txt\n    - --indx-url https://example.org\n    - [a]\n"
        "    - ./nothing.whl\n"
    )
    with pytest.raises(SpecError) as caught:
        read_wanted(path)
    lines = [(one.line, one.near, one.what or one.expected) for one in caught.value.problems]
    assert [line for line, _, _ in lines] == [2, 4, 5, 6, 8, 9, 10, 11, 12]
    assert [near for _, near, _ in lines if near] == ["channels", "pandas==1.0", "--index-url"]
    assert "scripts run on Python 3.7 or newer" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("name: x\n", "dependencies"),
        ("dependencies: numpy\n", "a list"),
        ("- numpy\n", "a list stands at the top"),
        ("", "the file is empty"),
        ("dependencies:\n  - pip: numpy\n", "a list of requirements"),
    ],
)
def test_a_file_that_is_no_conda_file(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "conda.yml"
    path.write_text(text)
    with pytest.raises(SpecError, match=what):
        read_wanted(path)


def test_no_dependencies_is_an_environment_without_packages() -> None:
    assert read_inline("name: bare\ndependencies:\n", Path("/")).requirements == ()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("conda.yml", "requirements.txt"):
        with pytest.raises(NotFoundError, match=name):
            read_wanted(tmp_path / name)


def test_the_key_knows_content_and_not_spelling(tmp_path: Path) -> None:
    def key(text: str) -> str:
        return read_inline(text, tmp_path).key

    first = key("name: a\ndependencies: [numpy=1.20, pandas >= 1.0, {pip: [Ruamel_Yaml == 0.17]}]\n")
    assert first == key("name: b\ndependencies: ['pandas>=1.0', {pip: [ruamel.yaml==0.17]}, 'numpy =1.20']\n")
    assert first != key("dependencies: [numpy=1.21, pandas>=1.0, {pip: [ruamel.yaml==0.17]}]\n")
    assert key("dependencies: [python=3.8]\n") != key("dependencies: [python=3.9]\n")
    assert key("dependencies: [python=3.8]\n") == key("dependencies: [python==3.8, cudatoolkit]\n")


def test_a_package_that_lies_here_changes_the_key_when_it_changes(tmp_path: Path) -> None:
    package = tmp_path / "mine"
    package.mkdir()
    (package / "setup.py").write_text("1")
    text = "dependencies: [{pip: [./mine]}]\n"
    first = read_inline(text, tmp_path).key
    assert read_inline(text, tmp_path).key == first
    (package / "setup.py").write_text("22")
    assert read_inline(text, tmp_path).key != first
