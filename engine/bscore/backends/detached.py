"""Nodes whose agents run in other processes and other folders; all that joins them is a socket each."""

from __future__ import annotations

import os
import select
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bscore.backends.detached_remote import RemoteAgent
from bscore.backends.detached_wire import FENCE_S, Alive, Finish, Orders
from bscore.backends.local import this_machine
from bscore.node.clock import Clock
from bscore.node.messages import AgentSetup, NodeInfo, Order, Poll

_ALIVE_S = 1.0
#: How long an agent that was told to finish may say nothing before it is killed.
_FINISH_S = 15.0


class DetachedBackend:
    """One agent process per name in `nodes`, all on this machine.

    Each agent has a folder of its own below `folder`; without one they get temporary folders, which are
    removed in the end, with what scripts left in their working folders. An agent that dies is reported as
    NodeLost at once; one that is alive and silent is left to the limit of the core. An agent that hears
    nothing for `fence_s` seconds ends itself.
    """

    def __init__(
        self,
        clock: Clock,
        nodes: Sequence[str] = ("127.0.0.2",),
        folder: Path | None = None,
        fence_s: float = FENCE_S,
    ) -> None:
        self._clock = clock
        self._fence_s = fence_s
        self._names = tuple(nodes)
        self._folder = folder
        self._remotes: dict[str, RemoteAgent] = {}
        self._said_alive_s = 0.0

    def nodes(self) -> list[NodeInfo]:
        """This machine, under each of the names."""
        return [this_machine(name) for name in self._names]

    def start_agent(self, setup: AgentSetup) -> None:
        """Start a process and wait until it says that it is the same bscore. Raises BscoreError."""
        if self._folder is None:
            folder = tempfile.mkdtemp(prefix="bscore-agent-")
        else:
            folder = os.path.abspath(self._folder / setup.node)
            os.makedirs(folder, exist_ok=True)
        remote = RemoteAgent(setup, self._clock, folder, keep=self._folder is not None, fence_s=self._fence_s)
        self._remotes[setup.node] = remote
        try:
            remote.start()
        except BaseException:
            self._forget(setup.node)
            raise

    def lease(self, node: str, orders: Sequence[Order]) -> None:
        """Send the orders, without waiting for anything."""
        remote = self._remotes.get(node)
        if remote is not None:
            remote.connection.send(Orders(tuple(orders)))

    def poll(self, timeout_s: float, wake: Sequence[int]) -> list[Poll]:
        """What agents said. The logs of the last call are taken as written by now."""
        now_s = time.monotonic()
        alive = now_s - self._said_alive_s >= _ALIVE_S
        if alive:
            self._said_alive_s = now_s
        for remote in self._remotes.values():
            remote.acknowledge()
            if alive:
                remote.connection.send(Alive())
        self._wait(timeout_s, wake)
        polls = []
        for node, remote in list(self._remotes.items()):
            poll = remote.receive()
            if poll is not None:
                polls.append(poll)
            if remote.connection.ended:
                self._forget(node)
        return polls

    def _wait(self, timeout_s: float, wake: Sequence[int] = ()) -> None:
        waiter = select.poll()
        for fd in wake:
            waiter.register(fd, select.POLLIN)
        for remote in self._remotes.values():
            waiter.register(remote.connection.fileno(), remote.connection.mask())
        deadline_s = time.monotonic() + timeout_s
        remotes = {remote.connection.fileno(): remote for remote in self._remotes.values()}
        while True:
            ready = waiter.poll(max(0.0, deadline_s - time.monotonic()) * 1000)
            for fd, mask in ready:
                if mask & select.POLLOUT:
                    remotes[fd].connection.flush()
                    waiter.modify(fd, remotes[fd].connection.mask())
            # Room for more to send is no reason to wake the master up.
            if not ready or any(mask & ~select.POLLOUT for _fd, mask in ready):
                return

    def kill(self, node: str) -> None:
        """Kill a node's agent; its workers do not outlive it."""
        self._forget(node)

    def close(self) -> None:
        """Let the agents finish, write the rest of their logs, and end what does not end by itself.

        Raises StorageError when the logs cannot be written; the agents are ended all the same.
        """
        try:
            for remote in self._remotes.values():
                remote.acknowledge()
                remote.connection.send(Finish())
            deadline_s = time.monotonic() + _FINISH_S
            while self._remotes and time.monotonic() < deadline_s:
                self._wait(deadline_s - time.monotonic())
                for node, remote in list(self._remotes.items()):
                    poll = remote.receive(finishing=True)
                    if poll is not None and poll.logs:
                        remote.write(poll.logs)
                        deadline_s = time.monotonic() + _FINISH_S
                    if remote.connection.ended:
                        self._forget(node)
        finally:
            for node in list(self._remotes):
                self._forget(node)

    def _forget(self, node: str) -> None:
        remote = self._remotes.pop(node, None)
        if remote is not None:
            remote.end()
