"""Functions of a notebook as bytes that a worker can load: dill, with the names they use, and nothing more.

Functions of `__main__` keep finding their names there: what run() and init() use, directly or through each
other, is shipped once and put into the worker's own `__main__`, so that a global that init() sets is seen
by run(). What is importable is imported by the worker, which gets this process's sys.path.
"""

from __future__ import annotations

import dis
import importlib
import io
import linecache
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.machinery import PathFinder
from types import CodeType, FunctionType, ModuleType
from typing import Any

import dill

from bscore.errors import UsageError

_PROTOCOL = 4
#: The three functions of a scoring script.
KINDS = ("run", "init", "shutdown")


def ship(functions: Mapping[str, Callable[..., Any] | None], more_names: set[str]) -> bytes:
    """The file that bscore_worker.script.load_function reads; `more_names` of `__main__` come along.

    Raises UsageError that names what cannot be shipped.
    """
    main = vars(sys.modules["__main__"])
    made = _set_by(functions.get("init"))
    names = {name for name in more_names if name in main}
    while True:
        shipped = {name: main[name] for name in sorted(names)}
        look = _look({**functions, "names": shipped})
        found = {name for name in look.names if name in main and name not in made} - names
        if not found:
            break
        names |= found
    facts = {
        "path": [os.path.abspath(entry) for entry in sys.path if isinstance(entry, str)],
        "sources": _sources(look.files),
    }
    return pickle.dumps(facts, _PROTOCOL) + _dumps({**functions, "names": shipped}, _Shipper)


def _look(value: Any) -> _Look:
    """Which names of `__main__` the functions and classes in a value use, and where they were written."""
    look = _Look(io.BytesIO())
    _dump(look, value)
    return look


def _sources(files: set[str]) -> dict[str, str]:
    """The text of what stands in no file, such as a notebook's cells, so that traces show its lines."""
    texts = {name: "".join(linecache.getlines(name)) for name in sorted(files) if not os.path.exists(name)}
    return {name: text for name, text in texts.items() if text}


def _dumps(value: Any, kind: type[_Shipper]) -> bytes:
    buffer = io.BytesIO()
    _dump(kind(buffer), value)
    return buffer.getvalue()


def _dump(pickler: _Shipper, value: dict[str, Any]) -> None:
    try:
        pickler.dump(value)
    except RecursionError:
        raise _cannot("A value that run() uses", "it is nested too deeply") from None
    except Exception as error:
        raise _blame(value, error) from error


def _blame(value: dict[str, Any], error: Exception) -> UsageError:
    """Say which function or name it is that cannot be shipped."""
    for where, one in _parts(value):
        try:
            _Look(io.BytesIO()).dump(one)
        except Exception as inner:  # noqa: BLE001  # whatever its __reduce__ raises
            return _cannot(f"{where}, {type(one).__module__}.{type(one).__qualname__},", str(inner))
    return _cannot("A function", str(error))


def _cannot(what: str, why: str) -> UsageError:
    return UsageError(
        f"{what} cannot be shipped to the workers: {why}.",
        remedy="Make it inside init(), which runs once in each worker, or put the functions into a file and "
        "give script=.",
    )


def _parts(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What functions close over and the names they use, each by itself; the functions last."""
    for name, one in value["names"].items():
        if not isinstance(one, FunctionType):
            yield f"The name {name!r}", one
    functions = {name: value.get(name) for name in KINDS} | value["names"]
    for name, one in functions.items():
        if isinstance(one, FunctionType) and one.__closure__:
            for free, cell in zip(one.__code__.co_freevars, one.__closure__, strict=True):
                yield f"{free!r}, which {name}() closes over", cell.cell_contents
    for name, one in functions.items():
        if one is not None:
            yield f"{name}()", one


def _set_by(function: Callable[..., Any] | None) -> set[str]:
    """Names that init() sets as globals: what stands there now belongs to this process."""
    if not isinstance(function, FunctionType):
        return set()
    return {
        one.argval
        for one in dis.get_instructions(function)
        if one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")
    }


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


class _Shipper(dill.Pickler):  # type: ignore[misc]  # dill ships no types
    """dill, with modules by name only and functions of unimportable modules with their names."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=_PROTOCOL, recurse=False)
        self.names: set[str] = set()
        self.files: set[str] = set()

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, ModuleType) and obj.__name__ not in ("__main__", "builtins"):
            self.save_reduce(importlib.import_module, (obj.__name__,), obj=obj)
            return
        if type(obj) is FunctionType:
            self.files.add(obj.__code__.co_filename)
            main = sys.modules["__main__"]
            if obj.__globals__ is vars(main):
                self.names.update(_names_in(obj.__code__))
            elif not _is_importable(obj.__module__):
                self._save_whole(obj)
                return
        super().save(obj, save_persistent_id)

    def _save_whole(self, function: FunctionType) -> None:
        """With the globals it uses: its module cannot be imported by a worker."""
        self._recurse = True
        try:
            super().save(function)
        finally:
            self._recurse = False


class _Look(_Shipper):
    """Writes nothing large: it only finds the names that are used."""

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        module = type(obj).__module__.partition(".")[0]
        if module in ("numpy", "pandas", "scipy", "torch", "pyarrow") or isinstance(obj, bytes | bytearray):
            obj = None
        super().save(obj, save_persistent_id)


def _is_importable(name: str | None) -> bool:
    """Whether a fresh process finds the module on sys.path."""
    if not name:
        return False
    where: list[str] | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        if ".".join(parts[:count]) in sys.builtin_module_names:
            return True
        spec = PathFinder.find_spec(".".join(parts[:count]), where)
        if spec is None:
            return False
        where = None if spec.submodule_search_locations is None else list(spec.submodule_search_locations)
    return True
