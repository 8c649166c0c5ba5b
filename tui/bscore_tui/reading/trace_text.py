"""Traces and stacks as they stand in `logs/user/error/`, taken apart. Pure."""

from __future__ import annotations

import re

from bscore.observe import chain_of
from bscore_tui.views.pages import EarlierTrace, TraceFrame

_FRAME = re.compile(r'\s*File "([^"]*)", line (\d+)(?:, in (.*))?')
#: As faulthandler writes them.
_STACK_FRAME = re.compile(r'\s*File "([^"]*)", line (\d+) in (.*)')
_STACK_HEAD = re.compile(r"(Current thread|Thread|Stack) .*\(most recent call first\):")
#: What an agent adds to the trace of a script that left; the page shows it by itself.
_OUTPUT = "The last lines of its stderr:"
_LIBRARY = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|lib/python\d[\d.]*)/|^<frozen |\bbscore_worker/"
)


def parse_trace(lines: list[str]) -> tuple[tuple[TraceFrame, ...], tuple[str, ...]]:
    """(frames, the error's own lines) of a trace as it stands in `logs/user/error/` below its headline."""
    frames: list[TraceFrame] = []
    rest: list[str] = []
    current: TraceFrame | None = None
    for line in lines[1:]:
        if line == _OUTPUT:
            break
        match = _FRAME.match(line)
        if match is not None:
            path, number, function = match.groups()
            current = TraceFrame(path, int(number), function or "", "", bool(_LIBRARY.search(path)))
            frames.append(current)
        elif current is not None and line.startswith("    ") and not current.code:
            frames[-1] = current = TraceFrame(
                current.path, current.line, current.function, line.strip(), current.library
            )
        elif line.strip(" ^~") and not line.startswith(("Traceback ", "  ")):
            rest.append(line)
    return tuple(frames), tuple(rest)


def parse_chain(lines: list[str]) -> list[EarlierTrace]:
    """The exceptions of a trace, the final one first; each says how it led to the one before it."""
    head = lines[:1]
    return [EarlierTrace(one.joint, *parse_trace([*head, *one.lines])) for one in chain_of(lines[1:])]


def parse_stack(lines: list[str]) -> tuple[tuple[TraceFrame, ...], tuple[str, ...]]:
    """(frames of one thread, the outermost first; what stands above them) of stacks by faulthandler.

    The thread is the one that crashed, else the last one with the script in it: the main thread comes last.
    """
    rest: list[str] = []
    threads: list[tuple[bool, list[TraceFrame]]] = []
    for line in lines[1:]:
        if head := _STACK_HEAD.match(line):
            threads.append((head[1] == "Current thread", []))
        elif (match := _STACK_FRAME.match(line)) and threads:
            path, number, function = match.groups()
            threads[-1][1].append(TraceFrame(path, int(number), function, "", bool(_LIBRARY.search(path))))
        elif not threads and line.strip():
            rest.append(line)
    best = max(
        range(len(threads)),
        key=lambda index: (
            threads[index][0],
            any(not frame.library for frame in threads[index][1]),
            index,
        ),
        default=-1,
    )
    return (tuple(reversed(threads[best][1])) if best >= 0 else ()), tuple(rest)
