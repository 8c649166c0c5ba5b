"""The models as `Model.get_model_path` looks for it: `azureml-models/<name>/<version>/<item>`.

Links in a worker's working folder; the real azureml-core finds them there as the stand-in does
(entry-scripts 4).
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from bscore.node.messages import AgentSetup

MODELS = "azureml-models"


def lay_out(setup: AgentSetup, folder: Path) -> None:
    """Link the model, or the folder of several, into a working folder; nothing for none. Raises OSError."""
    if not setup.model or not os.path.isdir(setup.model):
        return
    if os.path.basename(setup.model) == MODELS:
        _link(folder / MODELS, Path(setup.model))
        return
    item = next(Path(setup.model).iterdir(), None)
    if item is None:
        return
    if item.name == MODELS and item.is_dir():
        # Laid out already, maybe with several models.
        _link(folder / MODELS, item)
        return
    for name in _names(setup.model_name, item.name):
        version = folder / MODELS / name / (setup.model_version or "1")
        version.mkdir(parents=True, exist_ok=True)
        _link(version / item.name, item)


def _names(given: str, file_name: str) -> list[str]:
    """The name it was given, else those that a person may have registered the file under."""
    return [given] if given else list(dict.fromkeys([file_name, Path(file_name).stem]))


def _link(link: Path, item: Path) -> None:
    with suppress(FileExistsError):
        link.symlink_to(item.absolute(), target_is_directory=item.is_dir())


def remove(folder: Path) -> None:
    """Take away the links; whatever else lies among them stays. Raises OSError where something does."""
    models = folder / MODELS
    if models.is_symlink():
        models.unlink()
    if not models.is_dir():
        return
    for parent, folders, files in os.walk(models, topdown=False):
        for name in (*folders, *files):
            path = Path(parent, name)
            path.unlink() if path.is_symlink() else path.rmdir()
    models.rmdir()
