"""The template process of a node: imports what the script imports from others, once, and forks workers.

It never runs a line of the script and computes nothing: a library that has only been imported survives a
fork, one that has worked may hang in every child. After the imports it looks at itself (threads, descriptors,
signals, the GPU's driver, modules that the script's folder would hide) and refuses where a fork might not be
the same as a new interpreter.

The agent asks over a socket that keeps messages whole: JSON, with the descriptors of the new worker. The
worker is forked twice, so that the agent, as child subreaper, becomes its parent.
"""

from __future__ import annotations

import array
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import warnings
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from bscore_worker import imports, process, script
from bscore_worker.streams import Streams

#: Threads that a fork leaves behind without harm: allocators' own.
_ALLOWED_THREADS = {"jemalloc_bg_thd", "polars-ooc-clea"}
_MESSAGE_BYTES = 1 << 16
#: Main channel, control channel, stacks, stdout, stderr, then the three user files.
WORKER_FDS = 8


class Born(NamedTuple):
    """What a forked worker begins with: its descriptors and the streams that its libraries may hold."""

    channel: int
    control: int
    stacks: int
    agent: int
    streams: Streams


class _RefusedError(Exception):
    """A fork of this process would not be safe; the message says why."""


def main(socket_fd: int, agent_pid: int, baseline: Set[str]) -> Optional[Born]:
    """Be a node's template until the agent closes its end (None), or come back as a worker.

    `baseline` are the modules of a worker that has not loaded its script.
    """
    process.die_with(agent_pid)
    template = _Template(socket.socket(fileno=socket_fd), agent_pid, baseline)
    return template.serve()


class _Template:
    def __init__(self, connection: socket.socket, agent_pid: int, baseline: Set[str]) -> None:
        self._connection = connection
        self._connection.setblocking(True)
        self._connection.set_inheritable(False)
        self._agent_pid = agent_pid
        self._baseline = baseline

    def serve(self) -> Optional[Born]:
        request, _fds = self._receive()
        if request is None:
            return None
        self._streams = _own_streams(request["logging_level"])
        begun_s = time.monotonic()
        try:
            imported = self._prepare(request)
        except _RefusedError as error:
            self._send({"refused": str(error)})
            return None
        self._send({"ready": imported, "seconds": time.monotonic() - begun_s})
        while True:
            request, fds = self._receive()
            if request is None:
                return None
            born = self._fork(request, fds)
            if born is not None:
                return born

    def _prepare(self, request: Dict[str, Any]) -> List[str]:
        """Import, look, and freeze what was imported; returns the names of the modules."""
        before = _Look()
        code = os.path.abspath(request["code"])
        try:
            path = script.find(code, request["script"])
        except script.ScriptError as error:
            raise _RefusedError(str(error)) from None
        gc.disable()
        imported = _import_all(imports.third_party(path, code), request["excluded"])
        self._streams.reached(exactly=False)
        _look_again(before, self._streams)
        _refuse_hidden(set(sys.modules) - self._baseline, [os.path.dirname(path), code])
        gc.collect()
        gc.freeze()
        return imported

    def _receive(self) -> Tuple[Optional[Dict[str, Any]], List[int]]:
        fds = array.array("i")
        room = socket.CMSG_LEN(WORKER_FDS * fds.itemsize)
        data, ancillary, _flags, _from = self._connection.recvmsg(
            _MESSAGE_BYTES, room, socket.MSG_CMSG_CLOEXEC
        )
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
        return (json.loads(data.decode()) if data else None), list(fds)

    def _send(self, answer: Dict[str, Any]) -> None:
        self._connection.sendall(json.dumps(answer).encode())

    def _fork(self, request: Dict[str, Any], fds: List[int]) -> Optional[Born]:
        """Fork a worker and tell its number; returns what it begins with, in the worker alone."""
        self._streams.reached(exactly=False)
        read_end, write_end = os.pipe()
        try:
            between = _quiet_fork()
        except OSError as error:
            between, told = -1, ("! %s" % error).encode()
        if between == 0:
            os.close(read_end)
            between = os.getpid()
            if _fork_again(write_end):
                return self._become_worker(request, fds, between)
            os._exit(0)
        os.close(write_end)
        if between > 0:
            told = os.read(read_end, _MESSAGE_BYTES)
            # Only after its end is the agent the parent of what it forked.
            os.waitpid(between, 0)
        for fd in (read_end, *fds):
            os.close(fd)
        self._send({"pid": int(told)} if told.isdigit() else {"error": told[2:].decode() or "the fork died"})
        return None

    def _become_worker(self, request: Dict[str, Any], fds: List[int], between: int) -> Born:
        wait_for_adoption(between, self._agent_pid)
        self._connection.close()
        os.setsid()
        channel, control, stacks, out, err = fds[:5]
        for source, target in ((out, 1), (err, 2)):
            os.dup2(source, target)
            os.close(source)
        self._streams.move(*fds[5:8])
        os.environ.update(request["environment"])
        os.environ[process.MARK] = request["mark"]
        _write_mark(request["mark"])
        os.chdir(request["folder"])
        _reseed()
        gc.enable()
        return Born(channel, control, stacks, self._agent_pid, self._streams)


def wait_for_adoption(between: int, agent_pid: int) -> None:
    """Wait until the process between has ended; end with the agent, where it is gone by then."""
    while os.getppid() == between:
        time.sleep(0.0002)
    if os.getppid() != agent_pid:
        os._exit(1)


def _own_streams(level: str) -> Streams:
    """Streams as a worker has them, into the template's own files until they are moved."""
    streams = Streams(*[process.out_of_reach(os.dup(fd)) for fd in (1, 2, 2)])
    streams.install(level)
    return streams


def _import_all(wanted: List[imports.Import], excluded: Dict[str, str]) -> List[str]:
    """Import as the statements would; returns the names. Raises _RefusedError where one fails."""
    names = []
    for module, parts, optional in wanted:
        top = module.partition(".")[0]
        if top in excluded and not os.environ.get(excluded[top]):
            continue
        try:
            __import__(module, fromlist=parts)
        except BaseException as error:
            if optional and isinstance(error, Exception):
                continue
            raise _RefusedError("importing %s raised %s" % (module, type(error).__name__)) from None
        names.append(module)
    return sorted(set(names))


class _Look:
    """What an import must leave alone, as it is now."""

    def __init__(self) -> None:
        self.descriptors = set(os.listdir("/proc/self/fd"))
        self.streams = (sys.stdout, sys.stderr, sys.stdin)
        self.handlers = [signal.getsignal(number) for number in range(1, signal.NSIG)]
        self.folder = os.getcwd()
        self.limit = sys.getrecursionlimit()
        self.masks = _signal_masks()


_LEFT_ALONE = (
    ("streams", "standard streams"),
    ("handlers", "signal handlers"),
    ("folder", "working folder"),
    ("limit", "recursion limit"),
    ("masks", "signal masks"),
)


def _look_again(before: _Look, streams: Streams) -> None:
    """Raise _RefusedError where this process is no longer one that may be forked."""
    if threading.active_count() > 1:
        raise _RefusedError("an import started a Python thread")
    started = _children()
    if started:
        raise _RefusedError("an import started a process")
    # Some libraries end their threads before a fork; only what is left after one counts.
    _fork_in_vain()
    threads = _threads() - _ALLOWED_THREADS
    if threads:
        raise _RefusedError("an import started a native thread (%s)" % ", ".join(sorted(threads)))
    now = _Look()
    if now.descriptors - before.descriptors - set(map(str, streams.descriptors())):
        raise _RefusedError("an import left a file or socket open")
    for name, words in _LEFT_ALONE:
        if getattr(now, name) != getattr(before, name):
            raise _RefusedError("an import changed the process's %s" % words)
    _refuse_helpers()


def _refuse_helpers() -> None:
    tracker = getattr(sys.modules.get("multiprocessing.resource_tracker"), "_resource_tracker", None)
    if getattr(tracker, "_fd", None) is not None:
        raise _RefusedError("an import started multiprocessing's resource tracker")
    context = getattr(sys.modules.get("multiprocessing.context"), "_default_context", None)
    if getattr(context, "_actual_context", None) is not None:
        raise _RefusedError("an import chose multiprocessing's start method")
    try:
        with open("/proc/self/maps", "rb") as file:
            driver = b"/libcuda.so" in file.read()
    except OSError:
        driver = False
    if driver:
        raise _RefusedError("an import opened the GPU's driver")


def _refuse_hidden(modules: Set[str], folders: List[str]) -> None:
    """Raise _RefusedError where the script's folder has a module of a name that is loaded by now.

    A new interpreter would have found the script's own.
    """
    own: Set[str] = set()
    for folder in folders:
        for name in os.listdir(folder):
            stem = name.partition(".")[0]
            if name.endswith((".py", ".pyc", ".so")) or os.path.isfile(
                os.path.join(folder, name, "__init__.py")
            ):
                own.add(stem)
    hidden = sorted(own & {name.partition(".")[0] for name in modules})
    if hidden:
        raise _RefusedError("the script's folder has a module named as a library's: %s" % ", ".join(hidden))


def _threads() -> Set[str]:
    """The names of all threads of this process but the main one."""
    names = set()
    for thread in os.listdir("/proc/self/task"):
        if int(thread) != os.getpid():
            try:
                with open("/proc/self/task/%s/comm" % thread) as file:
                    names.add(file.read().strip() or "unnamed")
            except OSError:
                continue
    return names


def _children() -> bool:
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as file:
            return bool(file.read().strip())
    except OSError:
        return False


def _signal_masks() -> List[str]:
    with open("/proc/self/status") as file:
        return [line for line in file if line.startswith(("SigBlk", "SigIgn"))]


def _quiet_fork() -> int:
    with warnings.catch_warnings():
        # From 3.12 on Python warns of the allocators' threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _fork_in_vain() -> None:
    try:
        pid = _quiet_fork()
    except OSError as error:
        raise _RefusedError("this process cannot fork: %s" % error) from None
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _fork_again(write_end: int) -> bool:
    """Fork the worker from the process between, which tells its number; True in the worker."""
    try:
        worker = _quiet_fork()
    except OSError as error:
        os.write(write_end, ("! %s" % error).encode())
        return False
    if worker:
        os.write(write_end, b"%d" % worker)
        return False
    os.close(write_end)
    return True


def _reseed() -> None:
    """Let no two workers draw the same numbers; Python's own generator sees to itself."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()


def _write_mark(mark: str) -> None:
    """Write the worker's mark over the template's, in the environment that the kernel shows of a process.

    What the worker forks, without a program of its own, is found by it. Both have one length.
    """
    import ctypes

    try:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        start, stop = int(fields[47]), int(fields[48])
        block = ctypes.string_at(start, stop - start)
        at = (b"\0" + block).find(b"\0%s=" % process.MARK.encode())
        value = at + len(process.MARK) + 1
        stays = block[value : block.find(b"\0", value)]
        if at >= 0 and len(stays) == len(mark):
            ctypes.memmove(start + value, mark.encode(), len(mark))
    except (OSError, ValueError, IndexError):
        # The group and the session still tell whose most processes are.
        return
