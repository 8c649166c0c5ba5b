"""What counts as a second wish to end."""

from __future__ import annotations

import signal

from bscore.master.signals import Stops


def test_a_lost_terminal_counts_once_however_often_it_is_told() -> None:
    with Stops() as stops:
        for _ in range(3):
            signal.raise_signal(signal.SIGHUP)
        assert (stops.count, stops.by) == (1, "SIGHUP")
        signal.raise_signal(signal.SIGTERM)
        assert (stops.count, stops.words) == (2, "SIGTERM after SIGHUP")


def test_the_same_wish_twice_is_called_a_second_one() -> None:
    with Stops() as stops:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert (stops.count, stops.words) == (2, "a second Ctrl-C")
