"""Bindings documents for tests: one of every registry, each valid, to be changed."""

from typing import Any

from policies.bindings.loading import parse_bindings
from policies.bindings.spec import Binding

ROLE = "arn:aws:iam::123456789012:role/serving"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
MAKE = {"role": ROLE, "image": IMAGE}
PACKED = MAKE | {"artifact": "s3://models/{model}/{version}.tar.gz"}
MLFLOW: dict[str, Any] = {
    "name": "fraud-champion",
    "registry": "mlflow",
    "model": "fraud",
    "when": {"alias": "champion"},
    "endpoints": [{"endpoint": "fraud-prod"}],
    "make": MAKE,
}
SAGEMAKER = MLFLOW | {"registry": "sagemaker", "when": {"approved": True}, "make": {"role": ROLE}}
HUB = MLFLOW | {"registry": "hugging_face", "model": "acme/fraud", "when": {"version_created": True}, "make": PACKED}
WANDB = MLFLOW | {"registry": "wandb", "trusted": True, "make": PACKED}
GENERIC = MLFLOW | {"registry": "generic", "trusted": True, "make": PACKED}


def bindings_of(*documents: dict[str, Any]) -> dict[str, Any]:
    """A whole document."""
    return {"bindings": list(documents)}


def bind(document: dict[str, Any] = MLFLOW, **changes: Any) -> Binding:
    """One binding, parsed, with changes."""
    (binding,) = parse_bindings(bindings_of(document | changes)).bindings
    return binding
