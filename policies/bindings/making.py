"""What SageMaker model a registered version becomes: its name and its content, in SageMaker's own words."""

import hashlib
import re
from typing import Any, Final

from policies.bindings.event import Registry
from policies.bindings.registered import Registered
from policies.bindings.spec import FOLDER, NO_ARTIFACT, PLACEHOLDER, SOURCE, Make
from policies.endpoint_config import MADE_BY_TAG, NAME_LIMIT
from policies.errors import RolloutError

Document = dict[str, Any]
"""Members of ``CreateModel``, except the model's name."""

_HASH_LENGTH: Final = 8
_TAG_VALUE_LIMIT: Final = 256
_NO_TAG_CHARACTER: Final = re.compile(r"[^\w\s.:/=+\-@]")
_NO_NAME_CHARACTER: Final = re.compile(r"[^a-zA-Z0-9]+")
_TAR: Final = ".tar.gz"


class CannotBeMade(RolloutError):
    """A registered version of which no SageMaker model can be made as the binding stands."""

    code = "model_cannot_be_made"


def name_model(version: Registered) -> str:
    """Name the SageMaker model of a version: always the same, so that making it twice makes one.

    The registered model and its version lead, cut where they would not fit into SageMaker's 63 characters; eight hexadecimal digits of the
    SHA-256 of registry, model and version follow.
    """
    told = _NO_NAME_CHARACTER.sub("-", f"{version.model}-{version.short_version}")
    identity = f"{version.registry}\n{version.model}\n{version.version}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:_HASH_LENGTH]
    head = told[: NAME_LIMIT - _HASH_LENGTH - 1].strip("-")
    return f"{head}-{digest}" if head else f"m-{digest}"


def declare_model(make: Make, version: Registered) -> Document:
    """Return the content of the SageMaker model of a version.

    Raises:
        CannotBeMade: the version lacks what the binding asks for.
    """
    container = _package(make, version) if version.registry is Registry.SAGEMAKER else _container(make, version)
    environment = {name: _fill(value, version) for name, value in make.environment.items()}
    document: Document = {
        "PrimaryContainer": container | ({"Environment": environment} if environment else {}),
        "ExecutionRoleArn": make.role,
        "Tags": [{"Key": key, "Value": value} for key, value in _tags(version).items()],
    }
    if make.subnets or make.security_groups:
        document["VpcConfig"] = {"Subnets": list(make.subnets), "SecurityGroupIds": list(make.security_groups)}
    if make.network_isolation:
        document["EnableNetworkIsolation"] = True
    return document


def _package(make: Make, version: Registered) -> Document:
    del make
    return {"ModelPackageName": version.version}


def _container(make: Make, version: Registered) -> Document:
    return {"Image": _image(make, version), **_data(_locate(make.artifact, version))}


def _image(make: Make, version: Registered) -> str:
    if not make.image_from_tag:
        return _fill(make.image, version)
    image = version.tags.get(make.image_from_tag, "")
    if not image:
        has = ", ".join(sorted(version.tags)) or "none"
        raise CannotBeMade(
            f"{version} has no tag {make.image_from_tag}, which shall name its image; its tags: {has}",
            hint="Set the tag on the version, or write make.image in the binding.",
        )
    return image


def _locate(artifact: str, version: Registered) -> str:
    """Return where the artifact lies: a .tar.gz, a folder that ends in a slash, or nothing."""
    if artifact == NO_ARTIFACT:
        return ""
    if artifact not in {SOURCE, FOLDER}:
        return _fill(artifact, version)
    source = version.artifact
    if not source.startswith("s3://"):
        raise CannotBeMade(
            f"the artifact of {version} lies at {source or 'no place that the registry tells'}, and SageMaker takes models from S3 only",
            hint="Have the registry keep its artifacts in S3, or write in the binding where a copy lies: make.artifact: s3://….tar.gz.",
        )
    if artifact == FOLDER:
        return f"{source.rstrip('/')}/"
    if not source.endswith(_TAR):
        raise CannotBeMade(
            f"the artifact of {version} is a folder, {source}, and no {_TAR}",
            hint="Pack it and write in the binding where it lies, make.artifact: s3://…/{version}.tar.gz, or give the folder to an "
            "image that reads it, make.artifact: folder.",
        )
    return source


def _data(location: str) -> Document:
    if not location:
        return {}
    if not location.endswith("/"):
        return {"ModelDataUrl": location}
    folder = {"S3Uri": location, "S3DataType": "S3Prefix", "CompressionType": "None"}
    return {"ModelDataSource": {"S3DataSource": folder}}


def _fill(template: str, version: Registered) -> str:
    values = {"{model}": version.model, "{version}": version.in_addresses}
    return PLACEHOLDER.sub(lambda found: values[found[0]], template)


def _tags(version: Registered) -> dict[str, str]:
    told = {"registry": str(version.registry), "model": version.model, "version": version.version}
    named = {f"rollway:{key}": _NO_TAG_CHARACTER.sub("-", value)[:_TAG_VALUE_LIMIT] for key, value in told.items()}
    return {MADE_BY_TAG: "rollway"} | named
