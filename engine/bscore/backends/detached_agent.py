"""The agent's own process: the very agent of every other backend, with a socket where its master would be.

Started as `python -P -m bscore.backends.detached_agent FD`. It ends itself and its workers when the socket
closes, and when the master has been silent for too long (`Begin.fence_s`).
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import sys

from bscore import __version__
from bscore.backends.detached_shipping import LogShipper, Outbox
from bscore.backends.detached_wire import HELLO, Begin, Connection, Finish, Orders, Written
from bscore.core.events import AttemptFailed
from bscore.node.agent import Agent
from bscore.node.clock import Clock
from bscore.node.messages import Answer, Poll

#: How often logs are looked at, and the longest silence of an agent that has nothing to say.
_LOOK_NS = 500_000_000
#: Longer than this between two looks means that this process itself stood still.
_LATE_NS = 2_000_000_000
_BEGIN_S = 60.0
_SEND_S = 15.0


class Fence:
    """Whether the master has been silent for too long, while this process itself was running."""

    def __init__(self, fence_s: float, now_ns: int) -> None:
        self._fence_ns = int(fence_s * 1e9)
        self._heard_ns = self._looked_ns = now_ns

    def heard(self, now_ns: int) -> None:
        """The master said something."""
        self._heard_ns = now_ns

    def is_due(self, now_ns: int) -> bool:
        """Look; to be called after everything readable was read, often."""
        gap_ns = now_ns - self._looked_ns
        self._looked_ns = now_ns
        if gap_ns > _LATE_NS:
            self._heard_ns = min(now_ns, self._heard_ns + gap_ns)
        return now_ns - self._heard_ns > self._fence_ns


class DetachedAgent:
    """Serves one master."""

    def __init__(self, connection: Connection, begin: Begin) -> None:
        self._connection = connection
        self._begin = begin
        self._clock = Clock(begin.start_us, begin.start_ns)
        self._waiter = select.epoll()
        self._waiter.register(connection.fileno(), connection.mask())
        os.makedirs(begin.setup.tree, exist_ok=True)
        self._agent = Agent(begin.setup, self._clock)
        self._shipper = LogShipper(begin.setup.tree)
        self._outbox = Outbox(connection)
        self._fence = Fence(begin.fence_s, self._clock.monotonic_ns())
        self._look_ns = 0
        self._finishing = False

    def serve(self) -> bool:
        """Go on until the master says Finish; False when it is gone or silent."""
        try:
            self._hear(self._clock.monotonic_ns())
            while not self._finishing:
                if not self._turn():
                    return False
        finally:
            self._agent.close()
        return self._send_rest()

    def _turn(self) -> bool:
        self._waiter.modify(self._connection.fileno(), self._connection.mask())
        poll = self._agent.poll(_LOOK_NS / 1e9, [self._waiter.fileno()])
        self._connection.flush()
        now_ns = self._clock.monotonic_ns()
        self._hear(now_ns)
        if self._connection.ended or self._fence.is_due(now_ns):
            return False
        # Logs go first: an error in them must be there when the master hears of it.
        if now_ns >= self._look_ns or any(map(_is_trouble, poll.reports)):
            self._ship(now_ns)
        self._outbox.put(poll)
        self._outbox.pump()
        return True

    def _hear(self, now_ns: int) -> None:
        for frame in self._connection.receive():
            self._fence.heard(now_ns)
            if isinstance(frame, Orders):
                self._agent.carry_out(frame.orders)
            elif isinstance(frame, Written):
                self._shipper.written(frame.offsets)
                self._look_ns = 0
            elif isinstance(frame, Finish):
                self._finishing = True

    def _ship(self, now_ns: int) -> None:
        self._look_ns = now_ns + _LOOK_NS
        if not self._outbox.is_full:
            chunks = self._shipper.new()
            if chunks:
                self._outbox.put(Poll(self._begin.setup.node, logs=chunks))

    def _send_rest(self) -> bool:
        """Send what the master has not got yet: what waits, then every log to its end."""
        for chunk in self._shipper.rest():
            self._outbox.put(Poll(self._begin.setup.node, logs=[chunk]))
            if not self._outbox.send_all(_SEND_S):
                return False
        return self._outbox.send_all(_SEND_S)


def _is_trouble(report: object) -> bool:
    """Whether it may name a place in a log."""
    return not isinstance(report, Answer) or isinstance(report.event, AttemptFailed)


def main(fd: int) -> int:
    """Serve the master at the other end of the socket `fd`."""
    connection = Connection(socket.socket(fileno=fd))
    connection.send((HELLO, __version__, os.getpid()))
    begin = connection.await_first(_BEGIN_S)
    if not isinstance(begin, Begin):
        return 1
    served = DetachedAgent(connection, begin).serve()
    connection.close()
    if not served and not begin.keep:
        # Nobody else is left to do it.
        shutil.rmtree(begin.folder, ignore_errors=True)
    return 0 if served else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
