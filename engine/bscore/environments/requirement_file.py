"""Requirement files as pip reads them, and the lines below `pip:` in a conda file.

Files named by -r and -c are read along, relative paths become absolute, every mistake is collected with its
line. What a line means is left to pip; only its shape is looked at.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from bscore.environments.wanted import Requirement
from bscore.errors import NotFoundError
from bscore.spec.given import nearest_file
from bscore.spec.problems import Place, Problem, near_match, problem_at

MAX_BYTES = 1024 * 1024
_MOST_FILES = 100
_NAMED = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[^\]]*\])?\s*"
    r"(@\s*\S+|\(?\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,;()=<>!~]+"
    r"(?:\s*,\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,;()=<>!~]+)*\s*,?\s*\)?)?\s*(;.*)?"
)
_SINGLE_EQUAL = re.compile(r"([A-Za-z0-9][\w.\-]*(?:\[[^\]]*\])?)\s*=\s*([^=\s]+)(?:=\S*)?")
_FLAGS = frozenset({"--no-index", "--prefer-binary", "--require-hashes", "--pre"})
_VALUES = {
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--pypi-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
    "--trusted-host": "--trusted-host",
    "--use-feature": "--use-feature",
}
_FILES = {
    "-r": "--requirement",
    "--requirement": "--requirement",
    "-c": "--constraint",
    "--constraint": "--constraint",
}
_EDITABLE = ("-e", "--editable")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")


class RequirementReader:
    """Collects requirements, constraints, pip options and mistakes from lines and files."""

    def __init__(self) -> None:
        self.requirements: list[Requirement] = []
        self.constraints: list[Requirement] = []
        self.options: list[str] = []
        self.problems: list[Problem] = []
        self._read: set[tuple[Path, bool]] = set()

    def read_file(self, path: Path, named_at: Place | None = None, *, constraint: bool = False) -> None:
        """Read a file and those it names. Raises NotFoundError when the first one is not there."""
        path = Path(os.path.abspath(path))
        if (path, constraint) in self._read:
            return
        self._read.add((path, constraint))
        place = named_at or Place(str(path))
        if len(self._read) > _MOST_FILES:
            self.problems.append(problem_at(place, "", what=f"names more than {_MOST_FILES} files"))
            return
        try:
            with path.open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
            text = raw.decode("utf-8-sig")
        except FileNotFoundError:
            if named_at is None:
                raise NotFoundError(
                    f"There is no file {path}.", remedy="Give the path of a requirements or conda file."
                ) from None
            near = nearest_file(path.parent, path.name)
            self.problems.append(
                problem_at(place, "", what="there is no such file", given=str(path), near=near)
            )
            return
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self.problems.append(problem_at(place, "", what=f"{path} cannot be read: {why}"))
            return
        if len(raw) > MAX_BYTES:
            self.problems.append(problem_at(place, "", what=f"{path} is larger than {MAX_BYTES // 1024} KiB"))
            return
        for number, line in _logical_lines(text):
            self.take(line, Place(str(path), number, 1), path.parent, constraint=constraint)

    def take(self, line: str, place: Place, base: Path, *, constraint: bool = False) -> None:
        """Take one line; relative paths in it start from `base`."""
        line = line.strip()
        if line.startswith("-"):
            self._take_option(line, place, base, constraint=constraint)
            return
        what, _, behind = line.partition(" --")
        behind = f" --{behind}" if behind else ""
        requirement = self._requirement(what.strip(), behind, place, base)
        if requirement is not None:
            (self.constraints if constraint else self.requirements).append(requirement)

    def _take_option(self, line: str, place: Place, base: Path, *, constraint: bool) -> None:
        try:
            words = shlex.split(line)
        except ValueError as error:
            self.problems.append(problem_at(place, "", what=str(error), given=line))
            return
        option, equals, value = words[0].partition("=")
        if option[:2] in {"-r", "-c", "-e", "-i", "-f"} and len(option) > 2 and not option.startswith("--"):
            option, equals, value = option[:2], "=", words[0][2:].removeprefix("=")
        value = value if equals else " ".join(words[1:])
        if option in _FLAGS and not value:
            self._add_option(option)
        elif not value:
            self._wrong_option(option, line, place)
        elif option in _FILES:
            named = Path(base, value)
            self.read_file(named, place, constraint=constraint or _FILES[option] == "--constraint")
        elif option in _EDITABLE:
            is_folder = not value.startswith("/") and Path(base, value).is_dir()
            where = f"./{value}" if is_folder else value
            found = self._requirement(where, "", place, base)
            if found is not None:
                editable = Requirement(f"-e {found.text}", "", place, path=found.path)
                self.requirements.append(editable)
        elif option in _VALUES:
            if _VALUES[option] == "--find-links" and Path(base, value).exists():
                value = str(Path(base, value))
            self._add_option(f"{_VALUES[option]} {shlex.quote(value)}")
        else:
            self._wrong_option(option, line, place)

    def _add_option(self, text: str) -> None:
        if text not in self.options:
            self.options.append(text)

    def _wrong_option(self, option: str, line: str, place: Place) -> None:
        known = [*_FLAGS, *_VALUES, *_FILES, *_EDITABLE]
        if option in known:
            problem = problem_at(place, option, what="needs a value", given=line)
        else:
            near = near_match(option, [name for name in known if name.startswith("--")])
            problem = problem_at(place, "", what="no such option in a file", given=option, near=near)
        self.problems.append(problem)

    def _requirement(self, text: str, behind: str, place: Place, base: Path) -> Requirement | None:
        match = _NAMED.fullmatch(text)
        if match is not None and not text.lower().endswith(_ARCHIVES):
            return Requirement(text + behind, match[1], place)
        if "://" in text:
            return Requirement(text + behind, "", place)
        where, _, marker = text.partition(";")
        where, extras = _without_extras(where.strip())
        if "/" in where or where in {".", ".."} or where.lower().endswith(_ARCHIVES):
            path = Path(base, os.path.expanduser(where))  # noqa: PTH111  # pathlib raises for an unknown user
            path = Path(path.anchor, *path.resolve().parts[1:])
            if path.exists():
                end = f" ; {marker.strip()}" if marker else ""
                return Requirement(f"{path}{extras}{end}{behind}", "", place, path=path)
            near = nearest_file(path.parent, path.name)
            self.problems.append(problem_at(place, "", what="there is no such file", given=where, near=near))
            return None
        self.problems.append(_malformed(text, place))
        return None


def _without_extras(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.+?)(\[[^\[\]]*\])", text)
    return (match[1], match[2]) if match else (text, "")


def _malformed(text: str, place: Place) -> Problem:
    expected = "name, name==1.2, name>=1.2,<2, a path or a URL"
    if match := _SINGLE_EQUAL.fullmatch(text):
        return problem_at(place, "", given=text, expected=expected, near=f"{match[1]}=={match[2]}")
    return problem_at(place, "", given=text, expected=expected)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, continued ones joined, with the number of their first line."""
    begun, parts = 0, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], 1):
        begun = begun or number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
            continue
        whole = re.sub(r"(^|\s+)#.*$", "", "".join([*parts, line])).strip()
        if whole:
            yield begun, whole
        begun, parts = 0, []
