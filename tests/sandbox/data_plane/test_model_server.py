"""The sandbox's own model server and what it takes for a model."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from rollway.sandbox.runtime.http1 import Request, ResponseReader
from rollway.sandbox.serving import BadInput, Predict
from rollway.sandbox.serving.images import PYTHON_IMAGE, SHIPPED_MODELS, command_for
from rollway.sandbox.serving.model import ModelLoadError, load_model
from rollway.sandbox.serving.server import respond
from rollway.sandbox.settings import SandboxSettings


def picky(body: bytes, content_type: str) -> bytes:
    if body == b"bad":
        raise BadInput(f"cannot read {content_type}")
    if body == b"bug":
        raise ZeroDivisionError("by zero")
    return body


def load_shouting(environment: Mapping[str, str]) -> Predict:
    """Make a model that answers in capitals and signs with its environment."""
    return lambda body, _: body.upper() + environment["SIGN"].encode()


def ask(method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    request = Request(method, path, {"host": "127.0.0.1", "content-type": "text/csv"}, body, len(body), keep_alive=True)
    response = ResponseReader().feed(respond(picky, request))
    assert response is not None
    return response.status, response.body


def test_ping_is_200() -> None:
    """SageMaker's health check finds a loaded model healthy."""
    assert ask("GET", "/ping") == (200, b"")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [(b"bad", 400, "cannot read text/csv"), (b"bug", 500, "ZeroDivisionError: by zero")],
)
def test_failures_say_whose_fault(body: bytes, status: int, error: str) -> None:
    """The caller's fault is answered 400, a bug of the model 500, both with what went wrong."""
    got, answer = ask("POST", "/invocations", body)
    assert (got, json.loads(answer)) == (status, {"error": error})


def test_other_paths_are_404() -> None:
    """A server that is asked something else says so."""
    assert ask("GET", "/invocations")[0] == 404


def test_model_from_a_file_with_its_own_loader(tmp_path: Path) -> None:
    """A model may be any Python file, and its loader may have any name."""
    path = tmp_path / "my_model.py"
    path.write_text("def make(environment):\n    return lambda body, content_type: body[::-1]\n", encoding="utf-8")
    assert load_model(f"{path}:make", {})(b"abc", "") == b"cba"


def test_loader_gets_the_environment() -> None:
    """A model is set up by its container's environment variables."""
    assert load_model(f"{__file__}:load_shouting", {"SIGN": "!"})(b"abc", "") == b"ABC!"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("no.such.module", "there is no module 'no.such.module'"),
        ("/no/such/file.py", "there is no file /no/such/file.py"),
        ("math", "math has no function 'load'"),
        ("math:make", "math has no function 'make'"),
        ("math:fsum", "must return predict"),
    ],
)
def test_unusable_models_say_why(reference: str, message: str) -> None:
    """A reference that leads nowhere is explained, not a traceback."""
    with pytest.raises(ModelLoadError, match=message):
        load_model(reference, {})


def test_settings_come_before_the_own_image() -> None:
    """What the user maps is what runs, and unknown images stand for nothing."""
    own = "rollway-sandbox/python:my.model"
    assert command_for(own, SandboxSettings(images={own: ("mine",)})) == ("mine",)
    settings = SandboxSettings(models=("my.model",))
    command = command_for(f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{own}", settings)
    assert command is not None
    assert command[1:] == ("-m", "rollway.sandbox.serving", "--port", "{port}", "my.model")
    assert command_for("registry/other:my.model", settings) is None


@pytest.mark.parametrize("module", ["antigravity", "http.server", "my", "my.model.inner", "rollway.cli", "my-model"])
def test_only_allowed_models_run(module: str) -> None:
    """A module that exists on this machine is no model because a request names it: the settings, or the sandbox itself, list it."""
    settings = SandboxSettings(models=("my.model",))
    assert command_for(f"{PYTHON_IMAGE}:{module}", settings) is None
    assert all(command_for(f"{PYTHON_IMAGE}:{shipped}", settings) for shipped in SHIPPED_MODELS)
