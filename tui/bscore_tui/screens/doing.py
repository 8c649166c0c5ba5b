"""What keys mean on every page, by the action's id. A page may answer a key itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bscore_tui.actions import ROOTS
from bscore_tui.screens import finding, moving, taking, times

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage

Handler = Callable[["Stage"], None]

HANDLERS: dict[str, Handler] = {
    name.removeprefix("do_"): handler
    for module in (moving, finding, times, taking)
    for name, handler in vars(module).items()
    if name.startswith("do_")
} | {name: partial(moving.show_root, name) for name in ROOTS}
