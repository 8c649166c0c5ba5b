"""The action table: no clash on any page, a handler for everything it offers, the same keys everywhere."""

from itertools import chain

from bscore_tui.actions import (
    ACTIONS,
    BY_ID,
    PAGES,
    actions_of,
    clashes,
    key_name,
    key_reference,
    keymap,
    shown_key,
)
from bscore_tui.screens.doing import HANDLERS
from bscore_tui.screens.page import Page
from bscore_tui.screens.pages import INNER, ROOTS
from bscore_tui.screens.stage import Stage

KINDS: dict[str, type[Page]] = {**ROOTS, **INNER}  # type: ignore[dict-item]  # the makers are the classes


def test_no_key_stands_for_two_actions_of_one_page() -> None:
    assert clashes(keymap({})) == []


def test_a_clash_is_found_and_named() -> None:
    assert clashes(keymap({"sort": ("a",)})) == ["key a stands for sort and actions"]


def test_the_table_knows_exactly_the_pages_there_are() -> None:
    assert set(PAGES) == set(KINDS)


def test_every_action_is_answered_on_every_page_it_names() -> None:
    missing = [
        (page, action.id)
        for page in PAGES
        for action in actions_of(page)
        if not hasattr(KINDS[page], f"do_{action.id}") and action.id not in HANDLERS
    ]
    assert missing == []


def test_nothing_answers_to_a_name_that_no_key_has() -> None:
    own = {
        name.removeprefix("do_") for kind in KINDS.values() for name in vars(kind) if name.startswith("do_")
    }
    assert own | set(HANDLERS) <= set(BY_ID)


def test_footers_offer_only_what_works_there() -> None:
    for name, kind in KINDS.items():
        for entry in chain(kind.footer, kind.footer_wide):
            action = entry if isinstance(entry, str) else entry[0]
            assert name in BY_ID[action].pages, (name, action)


def test_bindings_are_the_table() -> None:
    assert [binding.id for binding in Stage.BINDINGS] == [action.id for action in ACTIONS]


def test_key_names_and_what_is_shown_for_them_go_both_ways() -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert key_name(shown_key(key)) == key


def test_the_reference_names_every_action_once() -> None:
    text = key_reference()
    assert all(text.count(f"| {action.help} |") >= 1 for action in ACTIONS)
    assert text.count("|---|---|") == len({action.group for action in ACTIONS})
