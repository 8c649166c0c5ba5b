"""Traces and stacks as they stand in `logs/user/error/`, taken apart. Pure."""

from __future__ import annotations

import re

from bscore_tui.views.pages import EarlierTrace, TraceFrame

_FRAME = re.compile(r'\s*File "([^"]*)", line (\d+)(?:, in (.*))?')
#: As faulthandler writes them.
_STACK_FRAME = re.compile(r'\s*File "([^"]*)", line (\d+) in (.*)')
_STACK_HEAD = re.compile(r"(Current thread|Thread|Stack) .*\(most recent call first\):")
#: What Python writes between two exceptions of a chain.
_LINKS = {
    "The above exception was the direct cause of the following exception:": "caused by",
    "During handling of the above exception, another exception occurred:": "raised while handling",
}
_LIBRARY = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|lib/python\d[\d.]*)/|^<frozen |\bbscore_worker/"
)


def parse_trace(lines: list[str]) -> tuple[tuple[TraceFrame, ...], tuple[str, ...]]:
    """(frames, the error's own lines) of a trace as it stands in `logs/user/error/` below its headline."""
    frames: list[TraceFrame] = []
    rest: list[str] = []
    current: TraceFrame | None = None
    for line in lines[1:]:
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
    blocks: list[tuple[str, list[str]]] = [("", lines[:1])]
    for line in lines[1:]:
        if (link := _LINKS.get(line)) is not None:
            blocks.append((link, lines[:1]))
        else:
            blocks[-1][1].append(line)
    # A link stands before the exception that followed, and belongs to the one it followed.
    links = [*(link for link, _ in blocks[1:]), ""]
    parsed = [parse_trace(block) for _, block in blocks]
    return [EarlierTrace(link, *one) for link, one in zip(links, parsed, strict=True)][::-1]


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
