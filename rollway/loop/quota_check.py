"""Whether the account may have the instances that a rollout needs: asked once, before anything is touched."""

from policies.errors import PreflightError
from policies.plan import Plan
from policies.quotas import find_shortages, needed_instances
from rollway.aws.quotas import read_quotas
from rollway.aws.session import Aws


def check_quotas(aws: Aws, plan: Plan) -> str:
    """Refuse a rollout for which a quota is surely too small.

    Returns:
        why the quotas could not be checked, as a sentence for a person; empty when they suffice.

    Raises:
        PreflightError: with every quota that is too small.
    """
    needed = needed_instances(plan)
    if not needed:
        return ""
    reading = read_quotas(aws, needed.keys())
    shortages = list(find_shortages(plan, reading))
    if shortages:
        raise PreflightError(shortages)
    return f"The account's quotas were not checked: {reading.unchecked}." if reading.unchecked else ""
