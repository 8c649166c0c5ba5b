"""What a worker may send: which headers are read at all, which messages there are, of which fields.

A script shares its process with what sends these, and whatever it writes to a wrong descriptor arrives here.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable

from bscore.core.groups import MAX_WARNING_GROUPS
from bscore_worker.row_shape import MAX_NAMES

#: Numbers are times in nanoseconds, sizes and counts: 146 years, or more bytes than there are.
_MOST = 1 << 62
_VERSION_CHARACTERS = 64
_KINDS = frozenset({"exception", "rejected", "short"})
_STEPS = frozenset({"load", "init"})

#: How many bytes follow an opcode of pickle protocol 4, as builtins need them. A memo is only appended to:
#: with a number of its own choice it would take as much memory as that number says.
_FOLLOWING = {
    **dict.fromkeys(b"](}).tuNaes\x85\x86\x87\x88\x89\x94", 0),
    **dict.fromkeys(b"Kh", 1),
    **dict.fromkeys(b"M", 2),
    **dict.fromkeys(b"Jj", 4),
    **dict.fromkeys(b"G\x95", 8),
}
#: Opcodes with a length before their bytes: of how many bytes that is.
_COUNTED = {ord("\x8c"): 1, ord("C"): 1, ord("X"): 4, ord("B"): 4, ord("\x8a"): 1}


def refuse_header(header: bytes | bytearray) -> None:
    """Raise UnpicklingError for a header that was not made of builtins by Python's own pickler."""
    if header[:2] != b"\x80\x04" or header[-1:] != b".":
        raise pickle.UnpicklingError("it does not begin and end as a header does")
    at, end = 2, len(header)
    while at < end:
        code = header[at]
        at += 1
        width = _COUNTED.get(code)
        if width is not None:
            at += width + int.from_bytes(header[at : at + width], "little")
        else:
            follows = _FOLLOWING.get(code)
            if follows is None:
                raise pickle.UnpicklingError(f"a header may hold builtins only, not opcode {code:#x}")
            at += follows
    if at != end:
        raise pickle.UnpicklingError("it is cut")


def _number(value: object) -> bool:
    return type(value) is int and -_MOST < value < _MOST


def _text(value: object) -> bool:
    return type(value) is str


def _version(value: object) -> bool:
    return type(value) is str and value.isprintable() and len(value) <= _VERSION_CHARACTERS


def _kind(value: object) -> bool:
    return type(value) is str and value in _KINDS


def _step(value: object) -> bool:
    return type(value) is str and value in _STEPS


def _data(value: object) -> bool:
    return type(value) is bytes


def _truth(value: object) -> bool:
    return type(value) is bool


def _numbers(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_number, value))


def _names(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) <= MAX_NAMES and all(map(_text, value))


def _warning(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 9
        and all(map(_text, value[:5]))
        and all(map(_number, value[5:]))
        and value[6] > 0
    )


def _warnings(value: object) -> bool:
    return (
        isinstance(value, list | tuple) and len(value) <= MAX_WARNING_GROUPS + 1 and all(map(_warning, value))
    )


Fits = Callable[[object], bool]
#: The fields of each message behind its name.
FORMS: dict[str, tuple[Fits, ...]] = {
    "done": (*[_number] * 14, _text, _data, _text),
    "failed": (*[_number] * 11, _kind, _text, _text, _text, _text),
    "started": (_number, _number, _number),
    "withdrawn": (_numbers,),
    "hello": (_number, _version, _number),
    "loaded": (_number,),
    "ready": (_number, _truth, _number),
    "init_failed": (_step, _text, _text, _text, _text),
    "exit": (_number, _text, _text, _text, _text, _text),
    "shutdown": (_number,),
    "bye": (_text, _text, _text, _text),
    "signal_taken": (),
    "warned": (_warnings,),
    "columns": (_number, _text, _names, _number, _number),
    "noted": (_number, _text),
}


def refuse_nonsense(message: object) -> None:
    """Raise ValueError for what is no message."""
    if type(message) is not tuple or not message or type(message[0]) is not str:
        raise ValueError("a message is a tuple that begins with its name")
    form = FORMS.get(message[0])
    if form is None:
        raise ValueError(f"there is no message {message[0]!r:.80}")
    if len(message) != len(form) + 1:
        raise ValueError(f"{message[0]!r} has {len(form)} fields, not {len(message) - 1}")
    for number, fits in enumerate(form, 1):
        if not fits(message[number]):
            raise ValueError(
                f"field {number} of {message[0]!r} is {type(message[number]).__name__}, or out of range"
            )
