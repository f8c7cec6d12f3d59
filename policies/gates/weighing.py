"""All comparisons of a policy at every look at once: the evidence of each gate, when they fail together, and when each passes.

Works on arrays of any number of rollouts: the judge of one rollout and the simulation of thousands run this very code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from policies.compare.agreement import compare_agreement
from policies.compare.averages import compare_averages
from policies.compare.comparison import Comparison
from policies.compare.counts import compare_counts
from policies.compare.environment import find_calm, find_steady
from policies.compare.latency import compare_latency, compare_quantile
from policies.compare.memory import FORGETFUL, Forgetful
from policies.compare.mixture import split_stages
from policies.gates.spec import Agreement, AverageComparison, CountComparison, Gate, LatencyComparison
from policies.spec import Policy
from policies.strata.arrays import Answers, Arms, Booleans, Floats, Integers, Strata

Compared = CountComparison | LatencyComparison | AverageComparison
"""Gates that compare what was measured of both arms."""
Weighable = Compared | Agreement
"""Gates whose evidence grows from look to look, and shares the risk of a false rollback."""

_WAVERING: Final = np.log(3.0)
"""Evidence that has fallen by this factor from its peak within the stage does not let a gate pass: something has changed."""
RECENT: Final = 3
"""Strata for which evidence must have held, and since the baseline was last disturbed, for a gate to pass."""


@dataclass(frozen=True)
class Weighed:
    """What the comparisons say after each stratum; the last axis is time.

    Attributes:
        comparisons: evidence by gate.
        joint: log of the average evidence, over the gates, that the candidate is worse: it fails at ``1 / risk`` whatever the gates have
            to do with one another.
        passes: by gate, where it passes.
        disturbed: by gate, where both arms have lately been worse together than the baseline's past explains.
        missing: gates whose measurements are not there at all, with what is missing.
    """

    comparisons: Mapping[str, Comparison]
    joint: Floats
    passes: Mapping[str, Booleans]
    disturbed: Mapping[str, Booleans]
    missing: Mapping[str, str]

    def until(self, count: int) -> "Weighed":
        """Return what was known after the first ``count`` strata: every value rests on its past alone."""
        return Weighed(
            comparisons={name: comparison.until(count) for name, comparison in self.comparisons.items()},
            joint=self.joint[..., :count],
            passes={name: values[..., :count] for name, values in self.passes.items()},
            disturbed={name: values[..., :count] for name, values in self.disturbed.items()},
            missing=self.missing,
        )


def compared_gates(policy: Policy) -> dict[str, Compared]:
    """Return the gates and guardrails of a policy that compare the arms."""
    judged: dict[str, Gate] = policy.gates | policy.guardrails
    return {name: gate for name, gate in judged.items() if isinstance(gate, Compared)}


def weighed_gates(policy: Policy) -> dict[str, Weighable]:
    """Return the gates and guardrails of a policy among which the risk of a false rollback is shared."""
    judged: dict[str, Gate] = policy.gates | policy.guardrails
    return {name: gate for name, gate in judged.items() if isinstance(gate, Weighable)}


def weigh(policy: Policy, strata: Strata, memory: Forgetful = FORGETFUL) -> Weighed:
    """Weigh the evidence of all strata, shaped as in ``policies.strata.shaping``; a memory of earlier looks makes it faster."""
    gates = weighed_gates(policy) if len(strata.stage) else {}
    missing = {name: what for name, gate in gates.items() if (what := _find_missing(gate, strata))}
    comparisons = {
        name: _compare(gate, strata, memory.about(name)) for name, gate in gates.items() if name not in missing
    }
    disturbed = {name: _find_disturbed(gates[name], strata) for name in comparisons}
    enough = np.log(1 / policy.risk.false_promotion)
    passes = {
        name: _holds(comparison.not_worse, strata.stage, enough) & ~disturbed[name]
        for name, comparison in comparisons.items()
    }
    # A gate without measurements adds an e-value of nothing, so it takes its share of the average with it.
    worse = [comparison.worse for comparison in comparisons.values()]
    nothing = np.full(strata.invocations.candidate.shape, -np.inf)
    joint = np.logaddexp.reduce(np.stack([nothing, *worse])) - np.log(max(len(gates), 1))
    return Weighed(comparisons, joint, passes, disturbed, missing)


def _compare(gate: Weighable, strata: Strata, memory: Forgetful) -> Comparison:
    match gate:
        case CountComparison():
            margin = gate.no_worse_than
            return compare_counts(strata.errors[gate.metric], strata.invocations, margin, strata.stage, memory)
        case AverageComparison():
            ratio = gate.no_worse_than.ratio
            return compare_averages(strata.averages[gate.metric], strata.invocations, ratio, strata.stage)
        case Agreement():
            return compare_agreement(require_answers(strata), gate.agree_at_least, strata.stage)
        case LatencyComparison():
            return _compare_latency(gate, strata, memory)


def _compare_latency(gate: LatencyComparison, strata: Strata, memory: Forgetful) -> Comparison:
    histograms, ratio = strata.histograms, gate.no_worse_than.ratio
    if histograms is None:
        return compare_averages(mean_latency(strata), strata.latency_count, ratio, strata.stage)
    if gate.quantile is None:
        return compare_latency(histograms, ratio, strata.stage, memory)
    return compare_quantile(histograms, gate.quantile, ratio, strata.stage, memory)


def require_answers(strata: Strata) -> Answers:
    """Return how answers compare, where a gate on them has been found to have its measurements."""
    if strata.answers is None:
        raise ValueError("the answers were not read")
    return strata.answers


def mean_latency(strata: Strata) -> Arms:
    """Return mean latencies by stratum, microseconds; NaN where an arm has none."""
    return Arms(
        *(
            np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
            for total, count in (
                (strata.latency_sum_us.candidate, strata.latency_count.candidate),
                (strata.latency_sum_us.baseline, strata.latency_count.baseline),
            )
        )
    )


def _find_missing(gate: Weighable, strata: Strata) -> str:
    match gate:
        case CountComparison():
            return "" if gate.metric in strata.errors else f"{gate.metric} was not measured"
        case AverageComparison():
            return "" if gate.metric in strata.averages else f"{gate.metric} was not measured"
        case Agreement():
            return "" if strata.answers is not None else "the shadow's answers were not read"
        case LatencyComparison():
            if np.isnan(strata.latency_count.candidate).any():
                return "latency was not measured"
            histogram = gate.quantile is None or strata.histograms is not None
            return "" if histogram else "CloudWatch gave no latency histogram, and averages say nothing of a quantile"


def _find_disturbed(gate: Weighable, strata: Strata) -> Booleans:
    """Tell where the baseline itself has lately been worse than its past."""
    if isinstance(gate, CountComparison):
        calm = find_calm(strata.errors[gate.metric].baseline, strata.invocations.baseline, strata.stage)
    elif isinstance(gate, LatencyComparison):
        calm = find_steady(strata.latency_sum_us.baseline, strata.latency_count.baseline)
    else:
        calm = np.ones(strata.invocations.baseline.shape, dtype=bool)
    return ~_lately(calm, before=True)


def _holds(evidence: Floats, stage: Integers, enough: float) -> Booleans:
    """Tell where evidence has sufficed for the last strata of its stage and is not on the way down."""
    parts = [evidence[..., part] for part in split_stages(stage)]
    held = [
        _lately(part >= enough, before=False) & (part >= np.maximum.accumulate(part, axis=-1) - _WAVERING)
        for part in parts
    ]
    return np.concatenate(held, axis=-1)


def _lately(holds: Booleans, *, before: bool) -> Booleans:
    """Tell where something has held for the last strata; ``before`` is what is assumed of the time before the first."""
    padding = np.full((*holds.shape[:-1], RECENT - 1), before)
    padded = np.concatenate([padding, holds], axis=-1)
    return np.asarray(sliding_window_view(padded, RECENT, axis=-1).all(axis=-1))
