"""What a wake-up costs among many idle workers: python tests/benchmarks/selector.py [--links N] [--rounds N].

One of N links says something, the others are silent. Measured from the frame's arrival to its messages:
the agent's own turn (epoll, Link, Hearing's place taken by a counter) against connection.wait.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path

from measuring import machine

sys.path.insert(0, str(Path(__file__).parents[1]))

from bscore.node.agent import Agent
from bscore.node.wire import Link
from bscore_worker.wire import pack
from rigs import setup_for

WAKE_UPS = 500


class Links:
    """An agent with many links; what is said is counted."""

    def __init__(self, agent: Agent, count: int) -> None:
        self._agent = agent
        self._heard = 0
        self._theirs = []
        self._links = []
        for _ in range(count):
            ours, theirs = socket.socketpair()
            link = Link(ours, agent._selector)
            agent._handlers[link.fileno()] = lambda _mask, link=link: self._hear(link)
            self._links.append(link)
            self._theirs.append(theirs)

    def _hear(self, link: Link) -> None:
        self._heard += sum(len(messages) for messages, _ in link.receive())

    def wake_up_us(self) -> float:
        """Processor time per wake-up, the sending included."""
        frame = pack([("said", 1)])
        said = self._theirs[len(self._theirs) // 2]
        before, began = self._heard, time.process_time()
        for _ in range(WAKE_UPS):
            said.send(frame)
            self._agent._turn(0)
        taken_s = time.process_time() - began
        assert self._heard - before == WAKE_UPS
        return taken_s / WAKE_UPS * 1e6

    def close(self) -> None:
        """Close both ends of all."""
        for link, theirs in zip(self._links, self._theirs, strict=True):
            self._agent._handlers.pop(link.fileno())
            link.close()
            theirs.close()


def connection_wait_us(count: int) -> float:
    """The same with what the standard library offers."""
    pairs = [Pipe() for _ in range(count)]
    ends = [ours for ours, _ in pairs]
    said = pairs[count // 2][1]
    began = time.process_time()
    for _ in range(WAKE_UPS):
        said.send([("said", 1)])
        for ready in wait(ends, 0):
            assert isinstance(ready, Connection)
            ready.recv()
    taken_s = time.process_time() - began
    for ours, theirs in pairs:
        ours.close()
        theirs.close()
    return taken_s / WAKE_UPS * 1e6


def agent_us(agent: Agent, count: int) -> float:
    """The agent's own turn among so many links."""
    links = Links(agent, count)
    try:
        return links.wake_up_us()
    finally:
        links.close()


def main() -> int:
    """A few seconds; exit code 1 when the agent's wake-up grows with the number of idle links."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    print(machine())
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        agent = Agent(setup_for(Path(folder), "def run(mini_batch): return mini_batch"))
        try:
            for _ in range(given.rounds):
                for count in (2, given.links):
                    found.setdefault(f"agent, {count} links", []).append(agent_us(agent, count))
                    found.setdefault(f"connection.wait, {count}", []).append(connection_wait_us(count))
        finally:
            agent.close()
    medians = {name: statistics.median(values) for name, values in found.items()}
    unit = medians[f"agent, {given.links} links"]
    for name, median in medians.items():
        print(f"{name:<24} {median:8.1f} us per wake-up  {median / unit:6.2f} x")
    return 0 if unit < 2 * medians["agent, 2 links"] else 1


if __name__ == "__main__":
    sys.exit(main())
