"""Files that describe data and are none: the YAML of a data asset, MLTable files."""

from __future__ import annotations

import os
from pathlib import Path

from bscore.errors import BscoreError, UsageError
from bscore.spec.bindings import in_the_cloud, local_path
from bscore.spec.given import text_of
from bscore.spec.yaml_text import load_yaml

MLTABLE = "MLTable"
_DATA_TYPES = ("uri_file", "uri_folder", "mltable")
_SMALL_BYTES = 64 * 1024


def refuse_description(given: str, path: str) -> None:
    """Raise UsageError where an input that was named is a description in place of data."""
    name = os.path.basename(path)
    if name == MLTABLE or os.path.isfile(os.path.join(path, MLTABLE)):
        raise _is_table(given)
    if name.endswith((".yml", ".yaml")) and os.path.isfile(path) and os.path.getsize(path) <= _SMALL_BYTES:
        _refuse_asset(given, path)


def _is_table(given: str) -> UsageError:
    return UsageError(
        f"{given} is an MLTable: it says how files become a table, and tables are not read here.",
        remedy="Give the files themselves, such as --input 'data/*.csv', which run() gets as paths; or read "
        "the table in Python and give the DataFrame to bscore.score(script=..., inputs=frame).",
    )


def _refuse_asset(given: str, path: str) -> None:
    try:
        root = load_yaml(Path(path)).root
    except BscoreError:
        return
    texts = {key: text_of(node) for key, node in root.entries.items()}
    schema = texts.get("$schema", "").lower()
    if "mltable" in schema or {"paths", "transformations"} <= texts.keys():
        raise _is_table(given)
    if "path" not in texts or not ("data.schema" in schema or texts.get("type") in _DATA_TYPES):
        return
    if texts.get("type") == "mltable":
        raise _is_table(given)
    named = texts["path"]
    remedy = "Copy the data here and give its path as --input."
    if not in_the_cloud(named):
        remedy = f"Give what it names: --input {local_path(named, Path(path).parent)}"
    raise UsageError(f"{given} describes a data asset; it is not the data.", remedy=remedy)
