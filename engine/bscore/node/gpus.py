"""GPUs of this node, one per worker (reference 1.20)."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

_ASK_LIMIT_S = 20
_DRIVER = Path("/proc/driver/nvidia/gpus")
_LINE = re.compile(r"^GPU (\d+):", re.MULTILINE)

NO_DEVICES: Mapping[str, str] = MappingProxyType({})


def found_gpus(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The indexes (or names) of the GPUs that workers may use: those that were left to us, or all."""
    allowed = environment.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return visible(allowed)
    program = shutil.which("nvidia-smi", path=environment.get("PATH"))
    if program is not None:
        try:
            asked = subprocess.run(
                [program, "-L"], capture_output=True, text=True, timeout=_ASK_LIMIT_S, check=False
            )
            return tuple(_LINE.findall(asked.stdout))
        except (OSError, subprocess.TimeoutExpired):
            # Installed, but without a driver, or one that hangs: the kernel's own list is left.
            pass
    try:
        return tuple(str(number) for number, _ in enumerate(_DRIVER.iterdir()))
    except OSError:
        return ()


def visible(text: str) -> tuple[str, ...]:
    """The entries of a CUDA_VISIBLE_DEVICES; as CUDA does, nothing behind the first invalid one counts."""
    found: list[str] = []
    for entry in (part.strip() for part in text.split(",")):
        if not entry or entry.startswith("-") or entry in found or entry == "NoDevFiles":
            break
        found.append(entry)
    return tuple(found)


class Gpus:
    """Who has which GPU. The first free one goes to the next worker, the rest get none."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._taken: dict[str, str] = {}

    def take(self, worker: str) -> dict[str, str]:
        """The environment variables of a worker that starts."""
        variables = {"AZ_BATCHAI_GPU_COUNT_FOUND": str(len(self._names))}
        taken = set(self._taken.values())
        free = next((name for name in self._names if name not in taken), None)
        if free is not None:
            self._taken[worker] = variables["CUDA_VISIBLE_DEVICES"] = free
        return variables

    def give_back(self, worker: str) -> None:
        """The worker is gone."""
        self._taken.pop(worker, None)
