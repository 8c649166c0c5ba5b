"""The folder that the tests of this room use; it is never written to."""

from __future__ import annotations

import pytest

from jobs import Place, make_place


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make_place(tmp_path_factory.mktemp("place"))
