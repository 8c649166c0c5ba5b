"""Where the monitor is: one of the six screens, or a breadcrumb of pages inside one."""

from __future__ import annotations

from collections.abc import Callable

from bscore_tui.screens.desk import Desk
from bscore_tui.screens.page import Page

MakePage = Callable[[Desk, str], Page]


class Navigation:
    """The six screens, each kept with its selection and filter, and the pages opened inside."""

    def __init__(self, desk: Desk, roots: dict[str, MakePage], inner: dict[str, MakePage]) -> None:
        self._desk = desk
        self._inner = inner
        self.roots = {name: make(desk, "") for name, make in roots.items()}
        self._root = next(iter(self.roots))
        self._path: list[Page] = []

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._path[-1] if self._path else self.roots[self._root]

    @property
    def root(self) -> Page:
        """The screen that the page belongs to."""
        return self.roots[self._root]

    @property
    def crumbs(self) -> tuple[str, ...]:
        """The breadcrumb inside a screen; empty on the screen itself."""
        return tuple(page.crumb for page in self._path)

    def show(self, name: str) -> None:
        """Go to one of the screens."""
        if name in self.roots:
            self._root = name
            self._path.clear()

    def step(self, steps: int) -> None:
        """The screen so many further on, round about."""
        names = list(self.roots)
        self.show(names[(names.index(self._root) + steps) % len(names)])

    def enter(self, name: str, subject: str) -> None:
        """Open a page inside; one that is already in the breadcrumb is returned to."""
        for depth, page in enumerate(self._path):
            if page.name == name and page.subject == subject:
                del self._path[depth + 1 :]
                return
        self._path.append(self._inner[name](self._desk, subject))

    def back(self) -> bool:
        """Leave the page; False on a screen itself."""
        if not self._path:
            return False
        self._path.pop()
        return True
