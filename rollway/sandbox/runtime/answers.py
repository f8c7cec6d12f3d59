"""How a model server's reply, or a refusal, looks to the caller of InvokeEndpoint: sagemaker-runtime's wire format.

The shapes are those of botocore's service model (rest-json: the error's name in a header, its members in the body).
"""

import json
from collections.abc import Mapping
from uuid import uuid4

from rollway.sandbox.errors import Refusal
from rollway.sandbox.runtime.messages import Answer, Reply
from rollway.sandbox.settings import SandboxSettings

MODEL_ERROR_STATUS = 424
_VARIANT_HEADER = "x-Amzn-Invoked-Production-Variant"
_ATTRIBUTES_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
_JSON = "application/json"


def pass_through(reply: Reply, variant: str) -> Answer:
    """Return the answer to an invocation that the model served."""
    headers = {"Content-Type": reply.content_type, _VARIANT_HEADER: variant, **_request_id()}
    if reply.custom_attributes is not None:
        headers[_ATTRIBUTES_HEADER] = reply.custom_attributes
    return Answer(reply.status, reply.body, reply.content_type, variant, headers)


def model_error(reply: Reply, endpoint: str, variant: str, settings: SandboxSettings) -> Answer:
    """Return ``ModelError``: the model server answered with an error, or not at all.

    The answer names the variant in the same header as a good one does, so that a rehearsal can tell whose errors the
    users saw. Whether AWS sends that header with errors is not documented.
    """
    original = reply.body.decode("utf-8", "replace")
    side = "client" if 400 <= reply.status < 500 else "server"  # noqa: PLR2004 - HTTP's class of client errors
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    console = f"https://{settings.region}.console.aws.amazon.com/cloudwatch/home?region={settings.region}"
    members = {
        "ErrorCode": f"{side.upper()}_ERROR_FROM_MODEL",
        "LogStreamArn": f"arn:aws:logs:{settings.region}:{settings.account_id}:log-group:{group}",
        "Message": (
            f'Received {side} error ({reply.status}) from primary with message "{original}". '
            f"See {console}#logEventViewer:group={group} in account {settings.account_id} for more information."
        ),
        "OriginalMessage": original,
        "OriginalStatusCode": reply.status,
    }
    return _error(MODEL_ERROR_STATUS, "ModelError", members, variant)


def refuse(refusal: Refusal) -> Answer:
    """Return the answer to a request that never reached a model server."""
    # The control plane's word for a bad request is ValidationException, the runtime's is ValidationError.
    code = "ValidationError" if refusal.code == "ValidationException" else refusal.code
    return _error(refusal.status, code, {"Message": refusal.message}, None)


def _error(status: int, code: str, members: Mapping[str, object], variant: str | None) -> Answer:
    headers = {"Content-Type": _JSON, "x-amzn-ErrorType": code, **_request_id()}
    if variant is not None:
        headers[_VARIANT_HEADER] = variant
    return Answer(status, json.dumps(members).encode(), _JSON, variant, headers)


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid4())}
