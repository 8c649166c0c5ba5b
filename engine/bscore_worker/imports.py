"""Which modules a script imports before code of its own could change how they load: read, never run.

The script's syntax tree and those of the siblings it imports are walked in the order in which Python would
run them. The walk ends at the first statement that may do more than define names (`os.environ[...] = ...`,
`sys.path.insert(...)`, any call that is not known): what is imported behind it is left to the worker.
"""

from __future__ import annotations

import ast
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import Iterator, List, NamedTuple, Optional, Set, Tuple

#: Calls that change nothing about how a module loads, by their written name.
_KNOWN_CALLS = {
    "Path", "PurePath", "TypeVar", "abs", "bool", "dict", "float", "frozenset", "getattr", "int",
    "isinstance", "len", "list", "logging.basicConfig", "logging.getLogger", "max", "min", "namedtuple",
    "collections.namedtuple", "os.environ.get", "os.getcwd", "os.getenv", "os.path.abspath",
    "os.path.basename", "os.path.dirname", "os.path.exists", "os.path.expanduser", "os.path.isdir",
    "os.path.isfile", "os.path.join", "os.path.realpath", "pathlib.Path", "print", "range",
    "re.compile", "set", "sorted", "str", "sum", "sys.path.append", "time.monotonic",
    "time.perf_counter", "time.time", "tuple", "warnings.filterwarnings", "warnings.simplefilter",
    "zip",
}  # fmt: skip
#: Methods that change nothing, whatever harmless value they are called on.
_KNOWN_METHODS = {
    "absolute", "as_posix", "format", "get", "items", "join", "joinpath", "keys", "lower", "replace",
    "resolve", "split", "strip", "upper", "values", "with_suffix",
}  # fmt: skip
_GUARDS = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)


class Import(NamedTuple):
    """One import statement's module, and the names it takes from it; `optional` inside of a `try`."""

    module: str
    names: Tuple[str, ...] = ()
    optional: bool = False


class _StopError(Exception):
    """A statement that may change how what follows is loaded."""


def third_party(path: str, code: str) -> List[Import]:
    """The imports of installed modules and the standard library at the top of the script at `path`.

    `code` is the folder of the script's siblings. Nothing is imported here.
    """
    walk = _Walk([os.path.dirname(path), code])
    try:
        for package in _packages(path, code):
            walk.read(package)
        walk.read(path)
    except _StopError:
        return walk.found
    return walk.found


def _packages(path: str, code: str) -> Iterator[str]:
    """The `__init__.py` of each package that a script below `code` belongs to, outermost first."""
    parts = os.path.relpath(os.path.dirname(path), code).split(os.sep)
    folder = code
    for part in parts if parts[0] not in (".", "..") else ():
        folder = os.path.join(folder, part)
        init = os.path.join(folder, "__init__.py")
        if os.path.isfile(init) and init != path:
            yield init


class _Walk:
    """One walk through a script and its siblings; `folders` are where these are found."""

    def __init__(self, folders: List[str]) -> None:
        self._folders = folders
        self._seen: Set[str] = set()
        self.found: List[Import] = []

    def read(self, path: str) -> None:
        """Walk through a file, once. Raises _StopError where the walk ends."""
        if path in self._seen:
            return
        self._seen.add(path)
        try:
            with open(path, "rb") as file:
                tree = ast.parse(file.read())
        except (OSError, SyntaxError, ValueError, RecursionError):
            raise _StopError from None
        for statement in tree.body:
            self._take(statement, path, optional=False)

    def _take(self, statement: ast.stmt, path: str, optional: bool) -> None:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                self._import(alias.name, (), optional)
        elif isinstance(statement, ast.ImportFrom):
            names = tuple(alias.name for alias in statement.names if alias.name != "*")
            if statement.level:
                self._relative(statement, names, path)
            elif statement.module and statement.module != "__future__":
                self._import(statement.module, names, optional)
        elif isinstance(statement, ast.Try):
            for inner in statement.body + statement.orelse + statement.finalbody:
                self._take(inner, path, optional=True)
            # Handlers run only where an import failed; theirs are left to the worker.
            if not all(self._is_inert(inner) for handler in statement.handlers for inner in handler.body):
                raise _StopError
        elif not self._is_inert(statement):
            raise _StopError

    def _import(self, module: str, names: Tuple[str, ...], optional: bool) -> None:
        spec = self._spec(module.partition(".")[0])
        if spec is None:
            return
        if self._is_own(spec):
            self._own(list(spec.submodule_search_locations or ()), module.split(".")[1:], names, spec.origin)
        elif _is_installed(spec):
            self.found.append(Import(module, names, optional))

    def _spec(self, top: str) -> Optional[ModuleSpec]:
        if top in sys.builtin_module_names:
            return ModuleSpec(top, None, origin="built-in")
        try:
            return PathFinder.find_spec(top, self._folders + sys.path)
        except (ImportError, ValueError, OSError):
            return None

    def _is_own(self, spec: ModuleSpec) -> bool:
        return any(_below(place, folder) for place in _places(spec) for folder in self._folders)

    def _own(
        self, folders: List[str], parts: List[str], names: Tuple[str, ...], origin: Optional[str]
    ) -> None:
        """Walk through a module of the script's own, from the outermost package inwards."""
        if origin is not None:
            if not origin.endswith(".py"):
                raise _StopError
            self.read(origin)
        for part in parts:
            path = _module_file(folders, part)
            if path is None:
                return
            self.read(path)
            folders = [os.path.dirname(path)]
        for name in names:
            path = _module_file(folders, name) if folders else None
            if path is not None:
                self.read(path)

    def _relative(self, statement: ast.ImportFrom, names: Tuple[str, ...], path: str) -> None:
        folder = os.path.dirname(path)
        for _ in range(statement.level - 1):
            folder = os.path.dirname(folder)
        self._own([folder], statement.module.split(".") if statement.module else [], names, None)

    def _is_inert(self, statement: ast.stmt) -> bool:
        """Whether a statement only defines names, as far as its syntax tells."""
        if isinstance(statement, _DEFINITIONS):
            return True
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            return self._is_foreign(statement)
        if isinstance(statement, ast.Expr):
            return _is_harmless(statement.value)
        if isinstance(statement, ast.Assign):
            return all(map(_is_name, statement.targets)) and _is_harmless(statement.value)
        if isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            return _is_name(statement.target) and (statement.value is None or _is_harmless(statement.value))
        if isinstance(statement, ast.If):
            if _is_guard(statement.test):
                return all(map(self._is_inert, statement.orelse))
            return _is_harmless(statement.test) and all(
                map(self._is_inert, statement.body + statement.orelse)
            )
        return False

    def _is_foreign(self, statement: ast.stmt) -> bool:
        """Whether an import that may or may not happen brings in no code of the script's own."""
        if isinstance(statement, ast.ImportFrom):
            modules = [] if statement.level else [statement.module or ""]
            if statement.level:
                return False
        elif isinstance(statement, ast.Import):
            modules = [alias.name for alias in statement.names]
        else:
            return False
        specs = [self._spec(module.partition(".")[0]) for module in modules]
        return all(spec is not None and not self._is_own(spec) for spec in specs)


def _is_guard(test: ast.expr) -> bool:
    """`TYPE_CHECKING`, or `__name__ == "__main__"`: never true in a worker."""
    if _written(test) in _GUARDS:
        return True
    return isinstance(test, ast.Compare) and _written(test.left) == "__name__"


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name)


def _is_harmless(value: ast.expr) -> bool:
    """Whether an expression calls nothing but what is known to change nothing."""
    return all(_is_known(node) for node in ast.walk(value) if isinstance(node, ast.Call))


def _is_known(call: ast.Call) -> bool:
    written = _written(call.func)
    if written:
        return written in _KNOWN_CALLS or written.rpartition(".")[2] in _KNOWN_METHODS
    return isinstance(call.func, ast.Attribute) and call.func.attr in _KNOWN_METHODS


def _written(node: ast.expr) -> str:
    """A dotted name as it is written; empty for anything else."""
    parts: List[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))


def _places(spec: ModuleSpec) -> List[str]:
    if spec.submodule_search_locations is not None:
        return list(spec.submodule_search_locations)
    return [spec.origin] if spec.origin else []


def _is_installed(spec: ModuleSpec) -> bool:
    """Whether it is of the standard library or was installed: not a project that somebody works on."""
    if spec.origin in ("built-in", "frozen"):
        return True
    library = os.path.dirname(os.path.abspath(os.__file__))
    places = [os.path.abspath(place) for place in _places(spec)]
    return bool(places) and all(
        _below(place, library)
        or "site-packages" in place.split(os.sep)
        or "dist-packages" in place.split(os.sep)
        for place in places
    )


def _below(path: str, folder: str) -> bool:
    return os.path.abspath(path).startswith(os.path.join(os.path.abspath(folder), ""))


def _module_file(folders: List[str], name: str) -> Optional[str]:
    for folder in folders:
        for inside in (os.path.join(name, "__init__.py"), name + ".py"):
            path = os.path.join(folder, inside)
            if os.path.isfile(path):
                return path
    return None
