"""Where a rollout comes from: the registered version that it is for.

It goes with the plan into the journal, so that any process can tell the registry how the rollout ended.
"""

from pydantic import ValidationError

from policies.bindings.event import Registry
from policies.errors import RolloutError
from policies.values import Frozen


class Origin(Frozen):
    """The registered version that a rollout is for.

    Attributes:
        binding: the binding that started it.
        registry: where the model is registered.
        model: the registered model.
        version: the version, in the registry's own words.
        wish: which of the registry's wishes it fulfils: the same version that is asked for again after another one is another wish.
        write_back: whether the registry shall be told how the rollout ended.
        alias_when_promoted: the alias that the version gets once it is promoted; empty for none.
        reject_on_rollback: whether the version is rejected when it was taken back.
    """

    binding: str
    registry: Registry
    model: str
    version: str
    wish: str = ""
    write_back: bool = False
    alias_when_promoted: str = ""
    reject_on_rollback: bool = False


def read_origin(text: str) -> Origin | None:
    """Return the origin that a form's field holds as JSON, or None where it is empty.

    Raises:
        RolloutError: it holds something else.
    """
    if not text:
        return None
    try:
        return Origin.model_validate_json(text)
    except ValidationError as error:
        raise RolloutError(
            f"the field Origin holds no origin: {text[:200]!r}", hint="Leave it empty: Rollway itself fills it in."
        ) from error
