"""Linear: a canary whose ladder has equal steps, so that a policy need not spell them out. SageMaker's guardrails climb those too."""

from collections.abc import Mapping
from typing import Any, cast

from policies.coherence import CONTROL_SHARE, WHOLE
from policies.errors import Problem

_FIRST = "stages[0]"
_REMEDY = "write for example step: {share: 20, bake: 10m}, or list the stages"


def spell_out(document: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return a policy document with the stages that its ``step`` stands for, and what is wrong with that step.

    The last stage leaves 5 % of the traffic on the baseline, as the control, unless the policy does without; SageMaker's guardrails know
    no control.
    """
    strategy = document.get("strategy")
    if "stages" in document or not (strategy == "linear" or (strategy == "guardrail" and "step" in document)):
        return document, []
    rest = {name: value for name, value in document.items() if name != "step"}
    problems = _find_problems(document.get("step"))
    if problems:
        return rest, problems
    step: dict[str, Any] = document["step"]
    share, others = float(step["share"]), {name: value for name, value in step.items() if name != "share"}
    keeps_control = strategy == "linear" and document.get("keep_control", True)
    top = WHOLE - CONTROL_SHARE if keeps_control else WHOLE
    shares = [share * number for number in range(1, int(top // share) + 1)]
    if not shares or shares[-1] < top:
        shares.append(top)
    return rest | {"stages": [{"share": each, **others} for each in shares]}, []


def retell(problems: list[Problem]) -> list[Problem]:
    """Return problems of spelled-out stages as those of the step that they stand for, each once."""
    others = [problem for problem in problems if not problem.where.startswith("stages")]
    own = (problem for problem in problems if problem.where.startswith(_FIRST))
    return [*(Problem(f"step{each.where.removeprefix(_FIRST)}", each.what, each.remedy) for each in own), *others]


def _find_problems(step: object) -> list[Problem]:
    if not isinstance(step, Mapping):
        return [Problem("step", "is required: a linear rollout goes by equal steps", _REMEDY)]
    share = cast("Mapping[str, object]", step).get("share")
    if not isinstance(share, int | float) or isinstance(share, bool) or not 2 <= share <= WHOLE:  # noqa: PLR2004 - percent
        return [Problem("step.share", f"{share!r} is no step of 2 to 100 percent", _REMEDY)]
    return []
