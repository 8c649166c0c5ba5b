"""Conda files: their packages as pip calls them, every mistake at once with its line.

Channels, builds and libraries below Python have no meaning for pip and are named in a note.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bscore.environments.conda_names import LONGER_VERSIONS, PROGRAMS, is_library, pypi_name
from bscore.environments.conda_specs import CondaSpec, pip_version, read_spec
from bscore.environments.python_versions import OLDEST, PythonWish, read_wish, shown
from bscore.environments.requirement_file import RequirementReader
from bscore.environments.wanted import Requirement, Wanted
from bscore.spec.given import text_of
from bscore.spec.problems import Place, Problem, SpecError, near_match, problem_at
from bscore.spec.yaml_text import Document, Listing, Node, Scalar, Table, load_yaml, parse_yaml

_KEYS = ("name", "channels", "dependencies", "prefix", "variables", "platforms", "category")
_NO_MEANING = ("variables", "platforms")
_BELOW_DEPENDENCIES = "names like numpy=1.20, and 'pip:' with a list"


def read_wanted(path: Path) -> Wanted:
    """Read a conda file (YAML) or a requirements file (`.txt`, `.in`), told apart by name.

    Raises NotFoundError when it is not there, SpecError with every mistake in it.
    """
    if path.suffix.lower() in {".txt", ".in", ".pip"}:
        reader = RequirementReader()
        reader.read_file(path)
        if reader.problems:
            raise SpecError(reader.problems)
        return Wanted(
            path.stem,
            str(path),
            None,
            tuple(reader.requirements),
            tuple(reader.options),
            tuple(reader.constraints),
        )
    return _from_document(load_yaml(path), path.absolute().parent, path.stem)


def read_inline(text: str, folder: Path) -> Wanted:
    """Read a conda file's text from inside a job; relative paths in it start from `folder`."""
    source = "environment.conda_file"
    return _from_document(parse_yaml(text.encode(), source, folder), folder, "inline")


@dataclass(slots=True)
class _Reading:
    folder: Path
    pip: RequirementReader = field(default_factory=RequirementReader)
    python: PythonWish | None = None
    libraries: list[str] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        return self.pip.problems


def _from_document(document: Document, folder: Path, fallback_name: str) -> Wanted:
    reading = _Reading(folder)
    root = document.root
    for key, place in root.keys.items():
        if key not in _KEYS:
            near = near_match(key, _KEYS)
            reading.problems.append(problem_at(place, key, what="unknown key in a conda file", near=near))
    dependencies = root.entries.get("dependencies")
    if isinstance(dependencies, Listing):
        for item in dependencies.items:
            _take(item, reading)
    elif not (isinstance(dependencies, Scalar) and dependencies.null):
        place = dependencies.place if dependencies else root.place
        reading.problems.append(problem_at(place, "dependencies", expected=f"a list: {_BELOW_DEPENDENCIES}"))
    if reading.problems:
        raise SpecError(reading.problems)
    ignored = [key for key in _NO_MEANING if key in root.entries]
    name = root.entries.get("name")
    return Wanted(
        text_of(name) if isinstance(name, Scalar) and not name.null else fallback_name,
        document.file,
        reading.python,
        tuple(reading.pip.requirements),
        tuple(reading.pip.options),
        tuple(reading.pip.constraints),
        tuple(_notes(reading, ignored)),
    )


def _take(item: Node, reading: _Reading) -> None:
    if isinstance(item, Scalar) and not item.null:
        _take_package(item.text, item.place, reading)
    elif isinstance(item, Table) and list(item.entries) == ["pip"]:
        lines = item.entries["pip"]
        if isinstance(lines, Scalar) and lines.null:
            return
        listed = lines.items if isinstance(lines, Listing) else ()
        if not isinstance(lines, Listing):
            reading.problems.append(problem_at(lines.place, "pip", expected="a list of requirements"))
        for line in listed:
            if isinstance(line, Scalar) and not line.null:
                reading.pip.take(line.text, line.place, reading.folder)
            else:
                expected = "a requirement, like numpy==1.20"
                reading.problems.append(problem_at(line.place, "pip", expected=expected))
    else:
        problem = problem_at(item.place, "dependencies", given=text_of(item), expected=_BELOW_DEPENDENCIES)
        reading.problems.append(problem)


def _take_package(text: str, place: Place, reading: _Reading) -> None:
    try:
        spec = read_spec(text)
        if spec.name == "python":
            reading.python = _python(spec)
        elif spec.name in PROGRAMS:
            reading.programs.append(spec.name)
        elif is_library(spec.name):
            reading.libraries.append(spec.name)
        else:
            _add(spec, text, place, reading)
    except ValueError as error:
        reading.problems.append(problem_at(place, "dependencies", what=str(error), given=text))


def _python(spec: CondaSpec) -> PythonWish | None:
    wish = read_wish(spec.version)
    if wish is not None and wish.minor is not None and wish.minor < OLDEST:
        raise ValueError(f"scripts run on Python {shown(OLDEST)} or newer")
    return wish


def _add(spec: CondaSpec, text: str, place: Place, reading: _Reading) -> None:
    name = pypi_name(spec.name, spec.version)
    version = pip_version(spec.version)
    if name == "pip" and not version:
        return
    if name in LONGER_VERSIONS and version.startswith("==") and "," not in version:
        version = version.removesuffix(".*") + ".*"
    written = text if name != spec.name else ""
    reading.pip.requirements.append(Requirement(name + version, name, place, conda_name=written))


def _notes(reading: _Reading, ignored: list[str]) -> list[str]:
    notes = []
    if reading.libraries:
        notes.append("left out, no meaning for pip: " + ", ".join(dict.fromkeys(reading.libraries)))
    if reading.programs:
        programs = ", ".join(dict.fromkeys(reading.programs))
        notes.append(f"left out, programs that pip cannot install; the system's are used: {programs}")
    if ignored:
        notes.append(f"left out of the conda file: {', '.join(ignored)}")
    return notes
