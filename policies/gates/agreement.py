"""Agreement gate: does a shadow answer copies of requests as the baseline answers the requests?

PASS and FAIL are those of the comparisons: evidence that grows from look to look, and shares the policy's risks with them. Evidence rests
on pairs alone, and pairs are a choice of the requests: where too many requests have none, what the others would say is unknown, and the
gate cannot pass. It may still fail, since a pair that disagrees disagrees.
"""

from policies.compare.agreement import agreement_interval
from policies.gates.comparison import answer_of, evidence_of, odds_against, progress
from policies.gates.evidence import Evidence
from policies.gates.spec import Agreement
from policies.gates.weighing import RECENT, require_answers
from policies.values import format_percent
from policies.verdict import Answer, GateVerdict, Sample


def judge_agreement(name: str, gate: Agreement, evidence: Evidence) -> GateVerdict:
    """Judge the answers of the shadow stage at the newest stratum."""
    if evidence.answers_unread or name in evidence.weighed.missing:
        why = evidence.answers_unread or evidence.weighed.missing[name]
        return GateVerdict(gate=name, verdict=Answer.ERROR, reason="metrics_unavailable", sentence=why)
    if not len(evidence.measured.stage):
        sentence = "nothing has been measured yet"
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason="few_requests", sentence=sentence)
    answer, reason = answer_of(name, evidence)
    worse, not_worse = evidence_of(name, evidence)
    answers = require_answers(evidence.measured)
    pairs = int(answers.paired.sum())
    verdict = GateVerdict(
        gate=name,
        verdict=answer,
        reason=reason,
        sentence="",
        worse=worse,
        not_worse=not_worse,
        samples=Sample(baseline=pairs, candidate=pairs),
    )
    if answer is not Answer.FAIL and not evidence.policy.stages[evidence.stage].shadow:
        sentence = (
            f"{_describe(name, gate, evidence)}; at this stage there is no shadow whose answers could be compared"
        )
        return verdict.model_copy(
            update={"verdict": Answer.INCONCLUSIVE, "reason": "few_requests", "sentence": sentence}
        )
    unpaired = _tell_unpaired(gate, evidence)
    if answer is not Answer.FAIL and unpaired:
        changes = {"verdict": Answer.INCONCLUSIVE, "reason": "metrics_unavailable"}
        return verdict.model_copy(update=changes | {"sentence": f"{unpaired}; {_describe(name, gate, evidence)}"})
    return verdict.model_copy(update={"sentence": f"{_describe(name, gate, evidence)}; {_conclude(verdict)}"})


def _tell_unpaired(gate: Agreement, evidence: Evidence) -> str:
    """Say how many requests of the present stage lack a pair, if they are too many; nothing otherwise."""
    answers, now = require_answers(evidence.measured), evidence.measured.stage == evidence.stage
    expected, paired = float(answers.expected[now].sum()), float(answers.paired[now].sum())
    if expected - paired <= gate.unpaired_at_most * expected:
        return ""
    part = format_percent(round(1 - paired / expected, 3))
    return (
        f"{part} of {expected:,.0f} copied requests lack one of their two answers, "
        f"tolerated are {format_percent(gate.unpaired_at_most)}; what those would say is unknown"
    )


def _describe(name: str, gate: Agreement, evidence: Evidence) -> str:
    answers = require_answers(evidence.measured)
    agreeing, paired = float(answers.agreeing.sum()), float(answers.paired.sum())
    if not paired:
        return "no answers to compare yet"
    tempering = float(evidence.weighed.comparisons[name].tempering[-1])
    ends = agreement_interval(agreeing, paired, tempering, evidence.policy.risk.false_rollback)
    where = f" at {gate.path}" if gate.path else ""
    return (
        f"{agreeing:,.0f} of {paired:,.0f} pairs of answers agree{where}, {_percent(agreeing / paired)} "
        f"(between {_percent(ends[0])} and {_percent(ends[1])}); asked for is {format_percent(gate.agree_at_least)}"
    )


def _percent(rate: float) -> str:
    """Write a rate so that only what is all of them reads as 100 %."""
    text = f"{rate:.2%}"
    return text if rate == 1 or text != "100.00%" else "over 99.99%"


def _conclude(verdict: GateVerdict) -> str:
    worse, not_worse = verdict.worse, verdict.not_worse
    if worse is None or not_worse is None:
        return "nothing is known"
    match verdict.verdict:
        case Answer.FAIL:
            return f"shown to be less; by chance in {odds_against(worse)}"
        case Answer.PASS:
            return f"shown to be more; by chance in {odds_against(not_worse)}"
        case _ if not_worse.value >= not_worse.threshold:
            return f"it is more, as it seems; it has to show for {RECENT} periods running"
        case _:
            return f"not enough to tell yet (evidence {progress(not_worse)} needed to pass, {progress(worse)} to fail)"
