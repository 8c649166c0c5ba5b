"""A document that is damaged anywhere."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.spec.problems import SpecError
from documents import COMPONENT, EXPRESSIONS, PIPELINE
from jobs import Place, resolve_text

PIECES = st.sampled_from(
    [
        "",
        " ",
        "\n",
        ":",
        "- x",
        "{",
        "[",
        "]",
        "}",
        "~",
        "'",
        "&a ",
        "*a",
        "${{",
        "$[[",
        "a: b\n",
        "<<: ",
        "\t",
    ]
)


@settings(max_examples=150)
@given(
    st.sampled_from([PIPELINE, EXPRESSIONS, COMPONENT]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=3),
)
def test_a_damaged_document_gives_a_job_or_mistakes_never_another_error(
    place: Place, text: str, damages: list[tuple[float, int, str]]
) -> None:
    for where, length, piece in damages:
        start = int(where * len(text))
        text = text[:start] + piece + text[start + length :]
    try:
        config, _ = resolve_text(place, text)
    except SpecError as error:
        told = error.problems
    else:
        told = ()
        assert config.name == "job1"
    assert all(problem.file and str(problem) for problem in told)
