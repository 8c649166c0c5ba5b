"""What stands in for `azureml.core`: model paths, an offline run, and names that say what is missing.

Shapes and printed words are those of the real package (1.61) where no workspace is connected.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Optional
from uuid import uuid4

MODELS = "azureml-models"

#: Classes a script may import without using them; using one says what to do instead.
_NAMES = (
    "CondaDependencies", "ComputeTarget", "ContainerRegistry", "Dataset",
    "Datastore", "Environment", "Experiment", "Image", "Keyvault", "LinkedService", "PrivateEndPoint",
    "RunConfiguration", "ScriptRun", "ScriptRunConfig", "Webservice", "Workspace",
)  # fmt: skip
_AUTHENTICATIONS = (
    "AzureCliAuthentication", "InteractiveLoginAuthentication", "MsiAuthentication",
    "ServicePrincipalAuthentication",
)  # fmt: skip
_INSTEAD = {
    "Dataset": "Read files from mini_batch, or give their paths as arguments.",
    "Datastore": "Read files from mini_batch, or give their paths as arguments.",
    "Keyvault": "Give secrets as environment variables (environment_variables in the YAML).",
    "Model": "Use Model.get_model_path(name) or AZUREML_MODEL_DIR, with the model given by --model.",
    "Workspace": "Use Model.get_model_path(name) or AZUREML_MODEL_DIR, with the model given by --model.",
}


class AzureMLException(Exception):  # noqa: N818  # the original's name
    """The base of azureml's exceptions."""


class ModelNotFoundException(AzureMLException):
    """No model of this name here."""


class WebserviceException(AzureMLException):
    """A wrong argument, or a version that is not here."""


class RunEnvironmentException(AzureMLException):
    """There is no submitted run."""


class UserErrorException(AzureMLException):
    """A mistake of the caller."""


def sentence(what: str, name: str) -> str:
    """What the real package would need, and what to do here."""
    instead = _INSTEAD.get(name, "Take what the script needs from its arguments or environment variables.")
    return "%s needs an Azure ML workspace, which a run with bscore does not have. %s" % (what, instead)


class _Missing(type):
    """A class that can be imported; whatever else is done with it says why that cannot be."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(sentence("azureml.core.%s()" % cls.__name__, cls.__name__))

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError(sentence("azureml.core.%s.%s" % (cls.__name__, name), cls.__name__))


class OfflineRun:
    """A run that prints what it is told, as the real package does offline."""

    def __init__(self, run_id: Optional[str] = None) -> None:
        self.id = "OfflineRun_%s" % uuid4() if run_id is None else run_id

    def log(self, name: str, value: Any, description: str = "") -> None:
        """Print a metric; it lands in the worker's stdout file."""
        self._emit("scalar", name, value)

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        """Print a list metric."""
        self._emit("list", name, value)

    def log_table(self, name: str, value: Any, description: str = "") -> None:
        """Print a table metric."""
        self._emit("table", name, value)

    def log_row(self, name: str, description: Optional[str] = None, **kwargs: Any) -> None:
        """Print a row metric."""
        self._emit("row", name, kwargs)

    def log_image(self, name: str, path: Any = None, plot: Any = None, description: str = "") -> None:
        """Print the name of an image."""
        self._emit("image", name, plot or path)

    def tag(self, key: str, value: Any = None) -> None:
        """Print a tag."""
        print("Attempted to add tag %s with value %s" % (key, value))

    def set_tags(self, tags: Any) -> None:
        """Print tags."""
        print("Attempted to set tags %s" % (tags,))

    def add_properties(self, properties: Any) -> None:
        """Print properties."""
        print("Attempted to add properties %s" % (properties,))

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: Any = None) -> None:
        """Print the name of a file; it stays where it is."""
        print("Attempted to track file %s at %s" % (name, path_or_stream))

    def upload_folder(self, name: str, path: Any, datastore_name: Any = None) -> None:
        """Print the name of a folder; it stays where it is."""
        print("Attempted to track folder %s at %s" % (name, path))

    def complete(self) -> None:
        """Nothing: the job ends the run."""

    def fail(self, error_details: Any = None, error_code: Any = None) -> None:
        """Print why; the job goes on."""
        print("Run failed with error code %s:\n%s" % (error_code, error_details))

    def cancel(self) -> None:
        """Nothing, as the real package offline."""

    def flush(self) -> None:
        """Nothing is held back."""

    def child_run(self, name: Optional[str] = None, run_id: Optional[str] = None, outputs: Any = None) -> Any:
        """Another run of this kind."""
        return OfflineRun("%s.%s" % (self.id, name or uuid4()) if run_id is None else run_id)

    def __enter__(self) -> OfflineRun:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    def _emit(self, kind: str, name: str, value: Any) -> None:
        print("Attempted to log %s metric %s:\n%s" % (kind, name, value))

    def __getattr__(self, name: str) -> Any:
        # An AttributeError, as from the real package offline: scripts catch it to find out where they run.
        message = "'_OfflineRun' object has no attribute %r" % name
        if not name.startswith("_"):
            message += ": " + sentence("run.%s" % name, "Workspace")
        raise AttributeError(message)


class Run(metaclass=_Missing):
    """`Run.get_context()` is all there is of it."""

    @classmethod
    def get_context(cls, allow_offline: bool = True, **_unused: Any) -> OfflineRun:
        """The offline run; raises RunEnvironmentException where that is not wanted."""
        if not allow_offline:
            raise RunEnvironmentException(sentence("Run.get_context(allow_offline=False)", "Run"))
        return OfflineRun()


def model_path(folder: str, name: Any, version: Any) -> str:
    """`azureml-models/<name>/<version>/<item>` below `folder`, else a file of this name where we stand.

    Raises what the real package raises (reference 1.21, entry-scripts 4).
    """
    if version is not None and not isinstance(version, int):
        raise WebserviceException("version should be an int, not %r" % (version,))
    if name is None:
        raise WebserviceException("model_name is None")
    models = os.path.join(folder, MODELS)
    versions = _entries(os.path.join(models, name))
    wanted = str(version) if version is not None else _latest(versions)
    items = _entries(os.path.join(models, name, wanted)) if wanted in versions else []
    if len(items) == 1:
        return os.path.join(models, name, wanted, items[0])
    if os.path.exists(name):
        return str(name)
    given = ", ".join(
        "%s (version %s)" % (one, _latest(_entries(os.path.join(models, one)))) for one in _entries(models)
    )
    shown = "%s, version %s," % (name, version) if version is not None else name
    raise (ModelNotFoundException if version is None else WebserviceException)(
        "Model %s was not given to this job; given: %s. Give it by this name with --model %s=PATH "
        "(--model can be repeated)."
        % (shown, given or "none", name if version is None else "%s:%s" % (name, version))
    )


def _entries(folder: str) -> Any:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _latest(versions: Any) -> str:
    numbers = [int(one) for one in versions if one.isdigit()]
    return str(max(numbers)) if numbers else ""


def classes(folder: str) -> Dict[str, Any]:
    """The classes of `azureml.core` for a worker that started in `folder`."""

    def get_model_path(model_name: Any, version: Any = None, _workspace: Any = None) -> str:
        """The path of a model that was given to the job."""
        return model_path(folder, model_name, version)

    named = {name: _placeholder(name) for name in _NAMES + _AUTHENTICATIONS}
    model = _placeholder("Model")
    model.get_model_path = staticmethod(get_model_path)  # type: ignore[attr-defined]  # its one ability
    return dict(named, Model=model, Run=Run)


def _placeholder(name: str) -> type:
    return _Missing(
        name, (), {"__module__": "azureml.core", "__doc__": sentence("azureml.core." + name, name)}
    )


def modules(found: Dict[str, Any]) -> Dict[str, Dict[str, Any]]:
    """What each module of `azureml` holds."""
    main = {name: one for name, one in found.items() if name not in _AUTHENTICATIONS}
    errors = (
        AzureMLException,
        ModelNotFoundException,
        RunEnvironmentException,
        UserErrorException,
        WebserviceException,
    )
    authentication = {name: found[name] for name in _AUTHENTICATIONS}
    return {
        "azureml.core": dict(main, VERSION="0 (stand-in of bscore)", __version__="0"),
        "azureml.core.authentication": authentication,
        "azureml.core.dataset": {"Dataset": found["Dataset"]},
        "azureml.core.datastore": {"Datastore": found["Datastore"]},
        "azureml.core.experiment": {"Experiment": found["Experiment"]},
        "azureml.core.keyvault": {"Keyvault": found["Keyvault"]},
        "azureml.core.model": {"Model": found["Model"]},
        "azureml.core.run": {"Run": found["Run"], "_OfflineRun": OfflineRun},
        "azureml.core.workspace": {"Workspace": found["Workspace"]},
        "azureml.exceptions": {error.__name__: error for error in errors},
    }
