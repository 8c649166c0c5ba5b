"""What every backend does, and nothing more: it carries out and reports, it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bscore.node.messages import AgentSetup, NodeInfo, Order, Poll


class Backend(Protocol):
    """Where nodes come from. One instance serves one term of one run."""

    def nodes(self) -> list[NodeInfo]:
        """The machines that can be had."""

    def start_agent(self, setup: AgentSetup) -> None:
        """Bring up the agent of `setup.node`. Raises BscoreError when it cannot."""

    def lease(self, node: str, orders: Sequence[Order]) -> None:
        """Hand orders to a node's agent, without waiting for them. Orders to a dead agent are lost."""

    def poll(self, timeout_s: float, wake: Sequence[int]) -> list[Poll]:
        """What happened since the last poll, one Poll per node that was heard of.

        Waits at most `timeout_s` seconds; returns early when something happened or one of the file
        descriptors in `wake` is readable.
        """

    def kill(self, node: str) -> None:
        """End a node's agent and all its workers, now."""

    def close(self) -> None:
        """End everything that is left. The master has asked the workers to stop before, and waited."""
