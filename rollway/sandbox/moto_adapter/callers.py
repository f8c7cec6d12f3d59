"""Who sent a request that moto dispatches, and what it asks for, as far as the simulated IAM has to know it."""

import json
import re
from typing import Any, Final, cast
from urllib.parse import unquote

from moto.sts.models import sts_backends

_CREDENTIAL: Final = re.compile(r"Credential=([^/,]+)/")
_PRESIGNED: Final = re.compile(r"[?&](?:X-Amz-Credential|AWSAccessKeyId)=([^/&,]+)")
_INVOCATION: Final = "sagemaker-runtime"


def caller_of(request: Any) -> str:  # noqa: ANN401 - moto's requests and response classes are untyped to us
    """Return who signed a request, as ``Envelope.caller`` has it; moto itself overlooks keys that do not look like those of AWS."""
    address = unquote(getattr(request, "url", "") or getattr(request, "uri", ""))
    signed = _CREDENTIAL.search(request.headers.get("Authorization") or "") or _PRESIGNED.search(address)
    return _role_of(signed[1]) if signed else ""


def parameters_of(response: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Return a request's parameters, also of services that moto has its own way of parsing for."""
    parsed = getattr(response, "params", None)
    if parsed:
        return dict(parsed)
    if response.boto3_service_name == _INVOCATION:
        return {"EndpointName": response.path.split("/")[2]}
    try:
        body: object = json.loads(response.body or "{}")
    except ValueError:
        body = None
    return (
        cast("dict[str, Any]", body)
        if isinstance(body, dict)
        else {key: values[0] for key, values in response.querystring.items()}
    )


def s3_conditions_of(request: Any) -> dict[str, str]:  # noqa: ANN401 - as above
    """Return what a request to S3 says beside its bucket and key that permissions go by: the prefix, and the ETag to compare."""
    prefix, etag = request.args.get("prefix"), request.headers.get("If-Match")
    return ({} if prefix is None else {"Prefix": prefix}) | ({"IfMatch": etag} if etag else {})


def _role_of(access_key: str) -> str:
    """Return the ARN of the role whose session an access key belongs to; any other key as it is."""
    for backends in list(sts_backends.values()):
        for backend in list(backends.values()):
            if session := backend.get_assumed_role_from_access_key(access_key):
                return str(session.role_arn)
    return access_key
