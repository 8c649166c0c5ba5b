"""This machine, with the agent inside the master's own process and thread: no hop, no copy."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

import psutil

from bscore.node.agent import Agent
from bscore.node.clock import Clock
from bscore.node.messages import AgentSetup, NodeInfo, Order, Poll

LOCAL_NODE = "127.0.0.1"


def this_machine(node: str = LOCAL_NODE) -> NodeInfo:
    """This machine as a node."""
    memory_mb = psutil.virtual_memory().total // (1024 * 1024)
    return NodeInfo(node, socket.gethostname(), os.cpu_count() or 1, memory_mb)


class LocalBackend:
    """One node: this machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._agent: Agent | None = None

    def nodes(self) -> list[NodeInfo]:
        """This machine."""
        return [this_machine()]

    def start_agent(self, setup: AgentSetup) -> None:
        """Make the agent; its workers come with the first orders."""
        self._agent = Agent(setup, self._clock)

    def lease(self, node: str, orders: Sequence[Order]) -> None:
        """Carry the orders out at once."""
        if self._agent is not None:
            self._agent.carry_out(orders)

    def poll(self, timeout_s: float, wake: Sequence[int]) -> list[Poll]:
        """Wait inside the agent's own selector."""
        return [] if self._agent is None else [self._agent.poll(timeout_s, wake)]

    def kill(self, node: str) -> None:
        """Kill all workers."""
        self.close()

    def close(self) -> None:
        """Kill what is left; workers that were asked to stop before are gone by then."""
        if self._agent is not None:
            self._agent.close()
            self._agent = None
