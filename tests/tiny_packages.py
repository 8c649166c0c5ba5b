"""Packages made on the spot, so that environments are built without a network."""

from __future__ import annotations

import zipfile
from pathlib import Path

_BACKEND = """
import os, pathlib, time, zipfile
here = pathlib.Path(__file__).parent / "build"
def build_wheel(folder, config_settings=None, metadata_directory=None):
    (here / ("started-%d" % os.getpid())).touch()
    while not (here / "go").exists():
        time.sleep(0.01)
    name = "{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("{name}.py", "VALUE = 7\\n")
        info = "{name}-1.0.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        tags = "Root-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\n" + tags)
        wheel.writestr(info + "RECORD", "")
    return name
"""


def make_wheel(folder: Path, name: str, version: str = "1.0") -> Path:
    """A wheel with one module that holds VALUE."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", f"VALUE = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{info}/WHEEL", tags)
        wheel.writestr(f"{info}/RECORD", "")
    return path


def make_slow_package(folder: Path, name: str) -> Path:
    """A package that makes the file `build/started-<pid>` when built, and waits for a file `build/go`."""
    package = folder / name
    (package / "build").mkdir(parents=True)
    (package / "backend.py").write_text(_BACKEND.replace("{name}", name))
    (package / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    return package
