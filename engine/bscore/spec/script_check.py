"""What can be known of a scoring script without running it: it is there, it compiles, it has run()."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Container
from pathlib import Path

from bscore.errors import NotFoundError, UsageError
from bscore.spec.table_scripts import wants_table

_VALUES = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set)


def find_script(code: Path, script: str) -> Path | None:
    """The file of `score.py`, `pkg/score.py` or the dotted `pkg.score` below `code`; None for none."""
    dotted = code.joinpath(*script.split("."))
    for path in (code / script, dotted.with_name(dotted.name + ".py"), dotted / "__init__.py"):
        try:
            if path.is_file():
                return path
        except (OSError, ValueError):
            continue
    return None


def why_unseen(path: Path) -> str:
    """Why nobody may see whether a path is there, in the system's words; empty where that can be seen."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return ""
    except OSError as error:
        return error.strerror or "it is damaged"
    return ""


def script_file(code: Path, script: str) -> Path:
    """The file of an entry script below `code`: a path, or a dotted module name.

    Raises NotFoundError with a near match when there is none, UsageError when that cannot be seen.
    """
    found = find_script(code, script)
    if found is not None:
        return found
    as_path = code / script
    unseen = why_unseen(as_path)
    if unseen:
        raise UsageError(
            f"The scoring script {as_path} cannot be reached: {unseen}.",
            remedy="Make its folders accessible (chmod u+rx)." if "denied" in unseen else None,
        )
    names = [path.name for path in as_path.parent.glob("*.py")] if as_path.parent.is_dir() else []
    near = difflib.get_close_matches(Path(script).name, names, n=1)
    remedy = f"Did you mean {near[0]}?" if near else "Give the scoring script's file."
    raise NotFoundError(f"The scoring script {as_path} does not exist.", remedy=remedy)


def check_script(code: Path, script: str) -> None:
    """Raise UsageError when the script cannot be read, does not compile or can have no run().

    A script in the syntax of an older or newer Python than this one is left to its own interpreter.
    """
    path = script_file(code, script)
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise UsageError(
            f"The scoring script {path} cannot be read: {error.strerror}.",
            remedy="Give a file that you may read, or make this one readable (chmod u+r).",
        ) from None
    except SyntaxError as error:
        raise UsageError(
            f"The scoring script cannot be imported: {path}:{error.lineno}: {error.msg}.",
            remedy="Correct that line.",
        ) from None
    except ValueError as error:
        raise UsageError(f"The scoring script {path} cannot be read as Python: {error}.") from None
    _refuse_values(tree, path)
    if not _may_define(tree, "run"):
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        has = f"it defines {', '.join(functions)}" if functions else "it defines no function"
        raise UsageError(
            f"The scoring script {path} has no run(mini_batch); {has}.",
            remedy="Define run(mini_batch): it gets a list of file paths and returns a list or a DataFrame.",
        )


def script_text(code: Path, script: str) -> bytes:
    """The text of an entry script, in its own encoding; empty where there is none that can be read."""
    found = find_script(code, script)
    try:
        return found.read_bytes() if found is not None else b""
    except OSError:
        return b""


def check_files_script(code: Path, script: str) -> None:
    """Raise UsageError where the script's text shows that run() wants a DataFrame and no list of files."""
    hint = wants_table(script_text(code, script))
    if hint:
        what, _, remedy = hint.partition(". ")
        raise UsageError(f"{what}.", remedy=remedy)


def _refuse_values(tree: ast.Module, path: Path) -> None:
    """Raise UsageError where init, run or shutdown can be nothing but a number, a text or the like."""
    for name in ("run", "init", "shutdown"):
        values = [
            node for node in ast.walk(tree) if isinstance(node, ast.Assign) and _gives_value(node, name)
        ]
        if values and not _may_define(tree, name, {id(node.targets[0]) for node in values}):
            given = f"{path}:{values[-1].lineno}: {name} = {ast.unparse(values[-1].value)[:40]}"
            raise UsageError(
                f"{name} in the scoring script is no function: {given}",
                remedy=f"Define {name}() as a function, or give that value another name.",
            )


def _gives_value(node: ast.Assign, name: str) -> bool:
    """Whether this is `name = ` with something that is never called; None stands for no function."""
    match node:
        case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
            is_none = isinstance(value, ast.Constant) and value.value is None
            return isinstance(value, _VALUES) and not is_none
    return False


def _may_define(tree: ast.Module, name: str, left_out: Container[int] = ()) -> bool:
    """Whether the module could have this name: defined, assigned or imported anywhere in it.

    What stands at nodes of these ids is left out.
    """
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if node.name == name:
                    return True
            case ast.alias():
                if node.name == "*" or (node.asname or node.name) == name:
                    return True
            case ast.Name(id=found, ctx=ast.Store()):
                if found == name and id(node) not in left_out:
                    return True
            case ast.Constant(value=found):
                # globals()["run"] = ..., setattr(module, "run", ...)
                if found == name:
                    return True
    return False
