"""What others do with the same traces: each rival decides from the same measurements as Rollway's own judge.

Every rival is written anew from its public description, with its defaults where it has some. All judge error rate and latency, promote in
the last minute if nothing was wrong by then, and know no environment. None is ever imported by the product.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from benchmarks.rivals.alarms import judge_by_alarms, judge_by_mean_alarms, judge_by_one_alarm
from benchmarks.rivals.calls import Calls
from benchmarks.rivals.group_sequential import judge_by_pooled_group_sequential, judge_by_stratified_group_sequential
from benchmarks.rivals.growthbook import judge_by_growthbook
from benchmarks.rivals.kayenta import judge_by_kayenta
from benchmarks.rivals.mixture_sprt import judge_by_mixture_sprt
from benchmarks.rivals.quantile_sequence import judge_by_quantile_sequence
from benchmarks.rivals.repeated_z import judge_by_repeated_z
from benchmarks.rivals.thresholds import judge_by_argo, judge_by_argo_relative, judge_by_flagger
from policies.strata.arrays import Strata

Rival: TypeAlias = Callable[[Strata], Calls]

RIVALS: Final[Mapping[str, Rival]] = {
    "Argo-style, fixed limits": judge_by_argo,
    "Argo-style, against the baseline": judge_by_argo_relative,
    "Flagger-style, fixed limits": judge_by_flagger,
    "CloudWatch alarms 1 of 1 (errors, p99)": judge_by_one_alarm,
    "CloudWatch alarms 3 of 5 (errors, p99)": judge_by_alarms,
    "CloudWatch alarms 3 of 5 (errors, average)": judge_by_mean_alarms,
    "Kayenta's judge": judge_by_kayenta,
    "z-test at 5 % each minute, pooled": judge_by_repeated_z,
    "Group-sequential, pooled": judge_by_pooled_group_sequential,
    "Group-sequential, stratified": judge_by_stratified_group_sequential,
    "GrowthBook's sequential test": judge_by_growthbook,
    "Mixture SPRT, pooled": judge_by_mixture_sprt,
    "Quantile confidence sequence, latency only": judge_by_quantile_sequence,
}
"""The rivals by name, in the order of the tables."""
