"""Each test of the contract runs on every backend."""

from __future__ import annotations

import pytest

from backend_kinds import DETACHED, KINDS, LOCAL, Kind


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture(params=[LOCAL, DETACHED], ids=lambda kind: kind.name)
def with_processes(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found
