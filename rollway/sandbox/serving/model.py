"""What a model is to the sandbox's own model server: a Python module with a function ``load``.

``load(environment)`` gets the container's environment variables, does the slow part once, and returns ``predict``;
``predict(body, content_type)`` returns the answer's bytes (JSON), raises :class:`BadInput` for a request that is the
caller's fault (answered 400), and anything else for a bug (answered 500). It is called from several threads at once.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

Predict = Callable[[bytes, str], bytes]
Load = Callable[[Mapping[str, str]], Predict]


class BadInput(ValueError):
    """A request that the model cannot serve and that is the caller's fault."""


class ModelLoadError(RuntimeError):
    """A model reference that leads to no usable ``load`` function."""


def load_model(reference: str, environment: Mapping[str, str]) -> Predict:
    """Load a model named as ``package.module``, ``path/to/file.py``, or either with ``:function`` instead of ``load``.

    Raises:
        ModelLoadError: naming what is missing. Exceptions of the model's own code pass through.
    """
    place, _, name = reference.partition(":")
    module = _import_file(Path(place)) if place.endswith(".py") else _import_module(place)
    load = getattr(module, name or "load", None)
    if not callable(load):
        raise ModelLoadError(f"{place} has no function {name or 'load'!r}; a model module defines load(environment)")
    predict: Any = cast("Load", load)(environment)
    if not callable(predict):
        raise ModelLoadError(
            f"{reference} returned {predict!r}; load(environment) must return predict(body, content_type)"
        )
    return cast("Predict", predict)


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there; something that it imports is not
        raise ModelLoadError(f"there is no module {name!r} on the Python path {sys.path}") from error


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ModelLoadError(f"there is no file {path.absolute()}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ModelLoadError(f"{path.absolute()} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
