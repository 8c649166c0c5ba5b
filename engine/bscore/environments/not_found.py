"""After a failed installation: which of the packages the package index does not have, all of them at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bscore.environments.installer import step_environment
from bscore.environments.python_versions import Version, shown
from bscore.environments.wanted import Requirement, Wanted
from bscore.spec.problems import Problem, near_match, problem_at

_LIMIT_S = 180.0
_SIGNS = ("No matching distribution found", "Could not find a version that satisfies")
_UNREACHABLE = (
    "NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "Failed to establish a new connection",
    "Temporary failure in name resolution", "Max retries exceeded", "ProxyError", "SSLError",
    "CERTIFICATE_VERIFY_FAILED",
)  # fmt: skip
#: Runs in the new environment and asks its pip; a pip without `index` (older than 21.2) knows no answer.
_ASK = """
import json, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
try:
    from pip._vendor.packaging.specifiers import SpecifierSet
except Exception:
    SpecifierSet = None
asked, options = json.load(sys.stdin)
def ask(one):
    name, spec = one
    command = [sys.executable, "-I", "-m", "pip", "index", "versions", "--pre"] + options + [name]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = answer.stdout.decode("utf-8", "replace")
    for line in text.splitlines():
        if line.startswith("Available versions:"):
            known = [v.strip() for v in line.split(":", 1)[1].split(",")]
            if SpecifierSet is None or not spec:
                return ["ok", known[0]]
            try:
                fits = any(True for v in known if SpecifierSet(spec).contains(v, prereleases=True))
            except Exception:
                return ["unknown", ""]
            return ["ok" if fits else "no version", known[0]]
    return ["no package" if "No matching distribution" in text else "unknown", ""]
with ThreadPoolExecutor(4) as pool:
    print("bscore-answer:" + json.dumps(list(pool.map(ask, asked))))
"""


def is_unreachable(lines: Sequence[str]) -> bool:
    """Whether the installer could not reach an index."""
    return any(sign in line for line in lines for sign in _UNREACHABLE)


def missing(wanted: Wanted, python: Path, version: Version, lines: Sequence[str]) -> list[Problem]:
    """Packages that the index does not have, or not for this Python; empty where that was not the cause."""
    if is_unreachable(lines) or not any(sign in line for line in lines for sign in _SIGNS):
        return []
    named = [one for one in wanted.requirements if one.name and ";" not in one.text and "@" not in one.text]
    asked = [(one.name, _specifier(one)) for one in named]
    options = [word for line in wanted.options for word in _words(line)]
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", _ASK],
            input=json.dumps([asked, options]).encode(),
            capture_output=True,
            env=step_environment(),
            timeout=_LIMIT_S,
            check=False,
        )
        text = answer.stdout.decode(errors="replace")
        found = json.loads(text[text.index("bscore-answer:") + len("bscore-answer:") :])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []
    return [
        _problem(one, state, newest, version)
        for one, (state, newest) in zip(named, found, strict=True)
        if state in {"no package", "no version"}
    ]


def _problem(one: Requirement, state: str, newest: str, version: Version) -> Problem:
    alias = f" (for conda's {one.conda_name})" if one.conda_name else ""
    if state == "no package":
        what = f"the package index has no {one.name}{alias} for Python {shown(version)}"
        return problem_at(one.place, one.name, what=what, near=_near(one.name))
    what = f"no version of {one.name}{alias} on the package index is {_specifier(one)} and runs on Python "
    return problem_at(one.place, one.name, what=f"{what}{shown(version)}; the newest that does is {newest}")


def _near(name: str) -> str:
    near = near_match(name, _OFTEN)
    return "" if near == name else near


def _specifier(one: Requirement) -> str:
    text = one.text.split(" --")[0].removeprefix(one.name).strip()
    return text.partition("]")[2].strip(" ()") if text.startswith("[") else text.strip("() ")


def _words(line: str) -> list[str]:
    """An option for `pip index`, which knows only those about indexes."""
    option, _, value = line.partition(" ")
    if option not in {"--index-url", "--extra-index-url", "--no-index", "--find-links", "--trusted-host"}:
        return []
    return [option, value.strip("'\"")] if value else [option]


_OFTEN = (
    "numpy", "pandas", "scikit-learn", "scipy", "torch", "torchvision", "tensorflow", "xgboost", "lightgbm",
    "transformers", "pillow", "matplotlib", "opencv-python-headless", "joblib", "pyarrow", "requests",
    "mlflow", "azureml-core", "onnxruntime", "statsmodels", "catboost", "spacy", "nltk", "keras",
)  # fmt: skip
