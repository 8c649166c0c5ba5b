"""Scripts whose run() wants a DataFrame, told apart from those that take a list of files. Pure.

Either by the error that a list of files gives, or by the first use that run() makes of its parameter.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import lru_cache

#: What people use of a DataFrame and a list does not have.
TABLE_NAMES = frozenset(
    {
        "apply", "applymap", "assign", "astype", "at", "columns", "describe", "drop", "drop_duplicates",
        "dropna", "dtypes", "empty", "fillna", "filter", "groupby", "head", "iat", "iloc", "info",
        "isna", "isnull", "items", "iterrows", "itertuples", "join", "loc", "map", "mean", "melt",
        "merge", "ndim", "notna", "pipe", "pivot_table", "query", "reindex", "rename", "replace",
        "reset_index", "round", "sample", "select_dtypes", "set_index", "shape", "size", "sort_index",
        "sort_values", "sum", "T", "tail", "to_csv", "to_dict", "to_json", "to_numpy",
        "to_pandas_dataframe", "to_parquet", "to_records", "transform", "transpose", "values", "where",
    }
)  # fmt: skip
_NO_ATTRIBUTE = re.compile(r"'MiniBatch' object has no attribute '(\w+)'")
_NO_INDEX = re.compile(r"list indices must be integers or slices, not (?:str|list|tuple|Series)")


def table_hint(error_type: str, message: str, source: Callable[[], bytes]) -> str:
    """What to do where run() failed because its mini-batch is no DataFrame; empty for other errors.

    `source` gives the script's text, which is asked where an index may belong to any list.
    """
    if error_type == "AttributeError" and (found := _NO_ATTRIBUTE.match(message)):
        return _hint(f".{found[1]}") if found[1] in TABLE_NAMES else ""
    if error_type == "TypeError" and _NO_INDEX.match(message):
        use = first_table_use(source())
        return _hint(use) if use.startswith("[") else ""
    return ""


def _hint(use: str) -> str:
    return (
        f"run() wants a DataFrame: it uses {use} of its mini-batch. The inputs are files, so it gets a list "
        "of file paths, here as in the cloud. Read them in run(), for instance "
        "pandas.concat(map(pandas.read_csv, mini_batch)), or give a DataFrame to "
        "bscore.score(script=..., inputs=frame)."
    )


def wants_table(source: bytes) -> str:
    """What to do where the script's text shows that run() wants a DataFrame; empty where it does not."""
    use = first_table_use(source)
    return _hint(use) if use else ""


@lru_cache(maxsize=4)
def first_table_use(source: bytes) -> str:
    """How run() first uses its parameter, where only a DataFrame can be used so: `.shape`, `['a']`.

    Empty where the first use stands below a condition or a try, or the text cannot be parsed.
    """
    try:
        run = next((node for node in ast.parse(source).body if _is_run(node)), None)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    if not isinstance(run, ast.FunctionDef) or not (run.args.posonlyargs + run.args.args):
        return ""
    name = (run.args.posonlyargs + run.args.args)[0].arg
    for statement in run.body:
        uses = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == name]
        reads = [node for node in uses if isinstance(node.ctx, ast.Load)]
        if uses:
            first = min(reads, key=lambda node: (node.lineno, node.col_offset), default=None)
            return _table_use(statement, first) if first is not None else ""
    return ""


def _is_run(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "run"


def _table_use(statement: ast.stmt, name: ast.Name) -> str:
    """How a statement uses the name at this node, in the script's own words."""
    if isinstance(statement, ast.If | ast.Try | ast.Match | ast.FunctionDef | ast.ClassDef):
        return ""
    for node in ast.walk(statement):
        match node:
            case ast.IfExp() | ast.BoolOp() | ast.Lambda():
                return ""
            case ast.Attribute(value=value, attr=attribute) if value is name:
                return f".{attribute}" if attribute in TABLE_NAMES else ""
            case ast.Subscript(value=value, slice=index) if value is name:
                return f"[{ast.unparse(index)[:60]}]" if _is_label(index) else ""
    return ""


def _is_label(index: ast.expr) -> bool:
    return isinstance(index, ast.List | ast.Compare | ast.Tuple) or (
        isinstance(index, ast.Constant) and isinstance(index.value, str)
    )
