"""Settings of the whole suite."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

# Machines of tests are shared and noisy: what a test takes says nothing, so nothing is judged by it.
settings.register_profile(
    "default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Hundreds of processes are started, and all would compile the same modules again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(params=["exec", "template"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How `rigs.Rig` starts workers: the rules of a worker's life are the same either way."""
    monkeypatch.setenv("BSCORE_TEST_START", request.param)
    return str(request.param)
