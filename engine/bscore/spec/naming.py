"""What `${{inputs.x}}` and its like stand for in a job: one answer for options, arguments and variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bscore.spec.bindings import Binding, path_of
from bscore.spec.draft import Draft
from bscore.spec.expressions import expand, written
from bscore.spec.inputs import missing_path
from bscore.spec.options import Dialect
from bscore.spec.problems import Place, Problem, near_match, one_of, problem_at

#: Of so many mistakes a near name is looked for, which takes its time.
_SOUGHT = 200


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a job's expressions may hold; `paths` says where its outputs are."""

    draft: Draft
    paths: Mapping[str, Path]

    @property
    def any(self) -> bool:
        """Whether this kind of document knows expressions at all."""
        return self.draft.reading.dialect is Dialect.PARALLEL

    def find(self, name: str) -> str | None:
        """The text or absolute path that a name stands for; None where nothing here does."""
        kind, _, own = name.removeprefix("parent.").partition(".")
        if kind == "outputs":
            if name.startswith("parent."):
                own = next((one.name for one in self.draft.outputs.values() if one.source == name), "")
            return str(self.paths[own]) if own in self.paths else None
        binding = self._binding(name)
        if binding is None or binding.why:
            return None
        return path_of(binding) if binding.is_path else binding.text

    def is_absent(self, name: str) -> bool:
        """Whether a name is known, and was given no value."""
        binding = self._binding(name)
        return binding is not None and binding.text is None

    def knows(self, name: str) -> bool:
        """Whether an input or output has this name."""
        return self._binding(name) is not None

    def expand(
        self, text: str, place: Place, where: str, problems: list[Problem], instead: str = ""
    ) -> str | None:
        """The text with its expressions replaced; None, and problems, where nothing stands for one.

        `instead` is what else a user could give.
        """
        found, missing = expand(text, self.find)
        seek = len(problems) < _SOUGHT
        problems += [self.problem(name, place, where, instead, seek=seek) for name in missing]
        return None if missing else found

    def problem(
        self, name: str, place: Place, where: str, instead: str = "", *, seek: bool = True
    ) -> Problem:
        """The problem that nothing stands for a name, with a near one where that is sought."""
        if self.knows(name):
            return self._no_value(name, place, where, instead)
        known = self._known()
        near = near_match(name, known) if seek else ""
        expected = one_of(known) if known else "a job with inputs or outputs"
        return problem_at(place, where, what="unknown reference", given=name, expected=expected, near=near)

    def _no_value(self, name: str, place: Place, where: str, instead: str) -> Problem:
        binding = self._binding(name)
        kind = name.removeprefix("parent.").partition(".")[0]
        if binding is None or kind == "outputs":
            told = next((one.problem for one in self.draft.outputs.values() if one.problem), None)
            if told is not None:
                return told
            what = f"no output of this step goes to {written(name)}"
            return problem_at(place, where, what=what, expected=instead or "an output of the step")
        path = ".path=PATH" if binding.is_path else "=VALUE"
        return missing_path(binding, f"--set inputs.{binding.name}{path}")

    def _binding(self, name: str) -> Binding | None:
        kind, _, own = name.removeprefix("parent.").partition(".")
        if kind not in {"inputs", "outputs"}:
            return None
        named = self.draft.parents[kind] if name.startswith("parent.") else self.draft.named(kind)
        return named.get(own)

    def _known(self) -> list[str]:
        draft = self.draft
        return [f"{kind}.{own}" for kind in ("inputs", "outputs") for own in draft.named(kind)] + [
            f"parent.{kind}.{own}" for kind in ("inputs", "outputs") for own in draft.parents[kind]
        ]
