"""bscore: run batch scoring scripts anywhere. The public Python names, nothing else."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bscore.scoring import (
        MissingRowsWarning,
        ScoreError,
        ScoreInterrupted,
        ScoreResult,
        read_rows,
        score,
    )

__version__ = "0.1.0"
__all__ = [
    "MissingRowsWarning",
    "ScoreError",
    "ScoreInterrupted",
    "ScoreResult",
    "__version__",
    "read_rows",
    "score",
]


def __getattr__(name: str) -> Any:
    """Import what scores when it is asked for: `import bscore` itself stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("bscore.scoring"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
