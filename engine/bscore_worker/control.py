"""The thread that listens while run() is busy: mini-batches taken back, stacks, the death of the agent.

A mini-batch is begun or withdrawn, never both: both happen under one lock, by sequence number, so that
mini-batches the loop has not even read yet can be given back too.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from typing import Callable, List, Set

from bscore_worker.wire import Channel, Message

#: Behind stacks that were asked for; faulthandler marks no end.
END_OF_STACKS = b"\0"


class Control:
    """What the loop asks before it begins a mini-batch, and the thread behind it."""

    def __init__(self, channel: Channel, stacks_fd: int) -> None:
        self._channel = channel
        self._stacks_fd = stacks_fd
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._withdrawn: Set[int] = set()
        self._begun = -1

    def start(self) -> None:
        """Listen from now on, as long as the process lives."""
        threading.Thread(target=self._listen, name="bscore-control", daemon=True).start()

    def begin(self, sequence: int) -> bool:
        """Whether the loop may begin this mini-batch; False when it was withdrawn."""
        with self._lock:
            if sequence in self._withdrawn:
                self._withdrawn.discard(sequence)
                return False
            self._begun = sequence
            return True

    def offer(self, news: Callable[[], List[Message]], wait_s: float) -> None:
        """Send what `news` gives, unless somebody sends for longer than `wait_s`; OSError without an agent.

        That somebody may be this very thread, below a signal handler: then only 0 is right.
        """
        if self._sending.acquire(timeout=wait_s):
            try:
                messages = news()
                if messages:
                    self._channel.send(messages)
            finally:
                self._sending.release()

    def forget_in_child(self) -> None:
        """In a child the script forked: no thread, no descriptor, and locks nobody holds."""
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._channel.close()

    def _withdraw(self, sequences: List[int]) -> List[int]:
        with self._lock:
            given_back = [number for number in sequences if number > self._begun]
            self._withdrawn.update(given_back)
        return given_back

    def _obey(self, message: Message) -> None:
        if message[0] == "withdraw":
            given_back = self._withdraw(message[1])
            with self._sending:
                self._channel.send([("withdrawn", given_back)])
        elif message[0] == "stacks":
            # From this thread rather than by a signal, which would interrupt system calls of native code.
            faulthandler.dump_traceback(self._stacks_fd, all_threads=True)
            os.write(self._stacks_fd, END_OF_STACKS)

    def _listen(self) -> None:
        try:
            while True:
                for messages, _body in self._channel.receive(wait=True):
                    for message in messages:
                        self._obey(message)
        except (EOFError, OSError):
            end_with_agent()


def end_with_agent() -> None:
    """The agent is gone: end this process and what it started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
