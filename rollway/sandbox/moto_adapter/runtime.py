"""Makes moto's SageMaker runtime answer InvokeEndpoint from the simulated runtime, for boto3 clients in process.

The same invocations over HTTP go to the data plane's own port, which is many times faster.
"""

from collections.abc import Callable
from typing import Any

from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter.patch import Patch
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.runtime.messages import Invocation

_PREFIX = "X-Amzn-SageMaker-"


def patches(cloud: Cloud) -> list[Patch]:
    """Return the replacement of InvokeEndpoint, and of what would decode its body as text."""
    return [
        Patch(SageMakerRuntimeResponse, "invoke_endpoint", _invoke_endpoint(Runtime(cloud, cloud.fleets))),
        Patch(SageMakerRuntimeResponse, "setup_class", _with_raw_body(SageMakerRuntimeResponse.setup_class)),
    ]


def _invoke_endpoint(runtime: Runtime) -> Callable[[Any], tuple[bytes, dict[str, str]]]:
    def invoke_endpoint(response: Any) -> tuple[bytes, dict[str, str]]:  # noqa: ANN401 - moto's response classes are untyped to us
        headers = response.headers
        answer = runtime.invoke(
            Invocation(
                # moto does not offer path parameters under the names of the API's members.
                endpoint=response.path.split("/")[2],
                body=response.raw_body,
                content_type=headers.get("Content-Type") or "application/octet-stream",
                accept=headers.get("Accept"),
                target_variant=headers.get(f"{_PREFIX}Target-Variant"),
                inference_id=headers.get(f"{_PREFIX}Inference-Id"),
                custom_attributes=headers.get(f"{_PREFIX}Custom-Attributes"),
            )
        )
        # moto takes the status from the headers only; a status beside them is sent as 200.
        return answer.body, {**answer.headers, "status": str(answer.status)}

    return invoke_endpoint


def _with_raw_body(original: Callable[..., None]) -> Callable[..., None]:
    def setup_class(response: Any, request: Any, full_url: str | None = None, headers: Any = None) -> None:  # noqa: ANN401 - as above
        original(response, request, full_url, headers, use_raw_body=True)

    return setup_class
