"""What a policy says of a stage that asks a person."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from policies.values import Duration, Frozen, format_duration


class ApprovalSpec(Frozen):
    """How long a person is waited for, once every gate of a stage has passed, and what then.

    Attributes:
        within: for how long, hours outside the policy's windows not counted; not given: until the policy's deadline.
        otherwise: what happens when nobody has answered by then: ``hold`` and ask again, or ``roll_back``.
    """

    within: Duration | None = None
    otherwise: Literal["hold", "roll_back"] = "hold"

    def __str__(self) -> str:
        """Say it in a few words: "within 4h, otherwise it goes back"."""
        if self.within is None:
            return "until the deadline"
        then = "it goes back" if self.otherwise == "roll_back" else "asked again"
        return f"within {format_duration(self.within)}, otherwise {then}"

    @model_validator(mode="after")
    def _hang_together(self) -> "ApprovalSpec":
        if self.within is not None and self.within <= timedelta(0):
            raise ValueError("within must take time; write for example within: 4h")
        if self.within is None and self.otherwise == "roll_back":
            raise ValueError("otherwise: roll_back never comes to pass without a time; add for example within: 4h")
        return self


def _spell_out(value: Any) -> Any:  # noqa: ANN401 - whatever the user wrote
    if value is True:
        return ApprovalSpec()
    if value is False:
        return None
    if isinstance(value, str | int | float | list):
        raise ValueError(f"{value!r} is no approval; write true, or {{within: 4h, otherwise: roll_back}}")  # noqa: TRY004 - Pydantic tells it as a problem of the field
    return value


Approval = Annotated[
    ApprovalSpec | None, BeforeValidator(_spell_out, json_schema_input_type=ApprovalSpec | bool | None)
]
"""A person's approval as it is asked for: ``true`` asks without a time, ``false`` asks nobody."""
