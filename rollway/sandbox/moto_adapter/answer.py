"""An answer of the simulated account, on its way through moto."""

from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionContext, ActionResult


class Answer(ActionResult):
    """An answer whose members are named just as AWS names them.

    moto looks for each member under several spellings, of which the simulated account uses one: most of an answer's time went there.
    """

    def execute_result(self, context: ActionContext) -> Any:  # noqa: ANN401 - moto's own triple of status, headers and body
        """Serialise it by botocore's model."""
        serializer = context.serializer_class(context.operation_model, value_picker=_pick)
        serialized = serializer.serialize(self.result)
        return serialized["status_code"], serialized["headers"], serialized["body"]


def _pick(context: Any) -> Any:  # noqa: ANN401 - moto's context of a member, and whatever its value is
    members: Mapping[str, Any] = context.obj
    return members.get(context.key)
