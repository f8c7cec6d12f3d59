"""What an endpoint serves at this moment, for verbs that show it."""

from datetime import datetime

from policies.errors import AwsError
from policies.facts import Endpoint
from policies.observation import Unavailable
from policies.plan import Plan
from policies.serving import ReadBack, is_known, read_back
from rollway.aws.session import Aws
from rollway.loop.hands import read_config


def read_serving(aws: Aws, plan: Plan, live: Endpoint, now: datetime) -> ReadBack:
    """Return which models an endpoint serves; a configuration that its newest rollout does not know is described in AWS."""
    if is_known(plan, live.config):
        return read_back(plan, live, now, None)
    try:
        return read_back(plan, live, now, read_config(aws, live.config))
    except AwsError as error:
        return read_back(plan, live, now, Unavailable(str(error)))
