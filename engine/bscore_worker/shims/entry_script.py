"""`azureml_user.parallel_run.EntryScript` (reference 1.17)."""

from __future__ import annotations

import logging
import os
import time
from typing import Any, Callable, Optional, TextIO

LOGGER = "azureml_user.entry_script"


class EntryScript:
    """The helper that the original injects: one object per worker, however often it is asked for."""

    _facts: Any
    _open: Callable[[], TextIO]
    _only: Any = None
    _handler: Optional[logging.Handler] = None

    def __new__(cls) -> EntryScript:
        """The one object."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only  # type: ignore[no-any-return]  # made just above

    @property
    def agent_name(self) -> str:
        """`process000` ..."""
        return str(self._facts.process)

    @property
    def output_dir(self) -> str:
        """The folder of the job's output, as AZUREML_BI_OUTPUT_PATH has it."""
        return str(self._facts.output)

    @property
    def log_dir(self) -> str:
        """The folder for a script's own logs, shared by the workers of a node."""
        return os.path.dirname(str(self._facts.log_file))

    @property
    def dir(self) -> str:
        """The folder of the script."""
        return os.path.dirname(self._facts.script_path) or str(self._facts.code)

    @property
    def working_dir(self) -> str:
        """The folder that this worker started in."""
        return str(self._facts.folder)

    def __reduce__(self) -> Any:
        """Pickled and copied by name: wherever it arrives it is the one object of that process."""
        return type(self), ()

    @property
    def logger(self) -> logging.Logger:
        """Writes to `logs/user/entry_script_log/<node>/<process>.log.txt`, and nowhere else."""
        logger = logging.getLogger(LOGGER)
        if self._handler is None:
            handler = logging.StreamHandler(self._open())
            handler.setFormatter(_utc_formatter())
            self._handler = handler
            logger.addHandler(handler)
            logger.propagate = False
            logger.setLevel(getattr(logging, self._facts.level.upper(), logging.INFO))
        return logger

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            "EntryScript has no attribute %r. It has logger, log_dir, output_dir, dir, working_dir "
            "and agent_name." % name
        )


def singleton(facts: Any, open_log: Callable[[], TextIO]) -> type:
    """The class for one worker."""
    return type(
        "EntryScript",
        (EntryScript,),
        {
            "_facts": facts,
            "_open": staticmethod(open_log),
            "__module__": "azureml_user.parallel_run",
            "__doc__": EntryScript.__doc__,
        },
    )


def _utc_formatter() -> logging.Formatter:
    """`YYYY-MM-DD HH:MM:SS,mmm|LEVEL|<pid>|<message>` in UTC, as a worker's log (reference 4.3)."""
    formatter = logging.Formatter("%(asctime)s|%(levelname)s|%(process)d|%(message)s")
    formatter.converter = time.gmtime
    return formatter
