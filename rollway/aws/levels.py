"""Measuring what an A/B test's metric is like now: the last week of the baseline's values, by the hour. Reads only."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from policies.forecasting.lift import Level, measure_level
from policies.gates.spec import Superiority
from policies.observation import SeriesRequest
from rollway.aws.metric_data import Window, fetch, floor_to
from rollway.aws.session import Aws

_HOUR: Final = timedelta(hours=1)
_LOOKS_BACK: Final = timedelta(days=7)


def measure_metric(aws: Aws, endpoint: str, variant: str, gate: Superiority, now: datetime) -> Level | None:
    """Return what a variant's metric is like; None where it has published too little for that.

    Raises:
        AwsError: CloudWatch could not be read.
    """
    dimensions = gate.name_dimensions(endpoint, variant)
    series = {
        ("level", statistic): SeriesRequest(gate.namespace, gate.metric, statistic, dimensions)
        for statistic in ("Sum", "SampleCount")
    }
    end = floor_to(_HOUR, now)
    values = fetch(aws, series, Window(end - _LOOKS_BACK, end, _HOUR))
    totals, counts = values["level", "Sum"], values["level", "SampleCount"]
    hours = sorted(hour for hour, count in counts.items() if count > 0 and hour in totals)
    if not hours:
        return None
    arrays = (np.array([each[hour] for hour in hours], dtype=np.float64) for each in (totals, counts))
    return measure_level(*arrays, span=end - hours[0])
