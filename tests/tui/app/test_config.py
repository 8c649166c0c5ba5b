"""Settings: the usual ones without a file, and every mistake named with its line."""

from pathlib import Path

import pytest

from bscore.errors import UsageError
from bscore_tui.config import Settings, config_path, load_settings, parse_settings, sample_settings


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()


def test_the_sample_says_what_is_usual() -> None:
    settings = parse_settings(sample_settings(), "sample")
    assert settings.nodes == {"10.0.0.4": "build-07"}
    assert (settings.refresh_s, settings.bell, settings.diff) == (0.25, False, True)


def test_keys_are_written_as_they_are_typed() -> None:
    settings = parse_settings('[keys]\nfilter = "&"\nhelp = ["?", "f1"]\n', "t")
    assert settings.keys == {"filter": ("&",), "help": ("question_mark", "f1")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theme = 'pink'\n", "t:1: theme: 'pink' is given, one of dark, light"),
        ("bell = true\nrefesh_s = 1\n", "t:2: refesh_s: no such setting; did you mean refresh_s?"),
        ("refresh_s = 0\n", "t:1: refresh_s: 0 is given, 0.1 to 60 seconds"),
        ("bell = 1\n", "t:1: bell: 1 is given, true or false"),
        ("\n[keys]\nfilter = '/'\nsrot = 's'\n", "t:4: keys.srot: no such action; did you mean sort?"),
        ("[keys]\nsort = 'a'\n", "t:2: key a stands for sort and actions"),
        ("[nodes]\n'10.0.0.1' = 3\n", "t:2: nodes.10.0.0.1: 3 is given, a name"),
        ("keys = 3\n", "t:1: keys: 3 is given, a table"),
        ("theme = \n", "t: Invalid value"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(text, "t")
    assert said in str(caught.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings("theme = 'pink'\nbell = 2\n", "t")
    assert caught.value.message.count("\n") == 1


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tui.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(path)


def test_the_place_follows_the_xdg_rules() -> None:
    assert config_path({"XDG_CONFIG_HOME": "/c", "HOME": "/h"}) == Path("/c/bscore/tui.toml")
    assert config_path({"HOME": "/h"}) == Path("/h/.config/bscore/tui.toml")
