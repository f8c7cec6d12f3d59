"""Plays a golden case: a policy, facts and a row of looks at the world go in, the decisions come out.

The endpoint obeys a command whose result is ``done`` at once. One whose result is ``accepted`` is left to the case: a later look says what
became of it, with ``"obeys": true`` or by naming what changed. A look with ``"taken_up_after"`` is the first of another process.
``python -m tests.policies.golden.playing CASE.json ...`` writes the decisions of today into a case as its expectation: read the
difference before you keep it.
"""

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from policies.commands import Command, CommandResult, Safeguard, explain
from policies.decide import decide
from policies.decision import Decision
from policies.facts import Endpoint, Surroundings
from policies.lifecycle import begin, record_intent, record_result
from policies.loading import parse_policy
from policies.needs import wanted_metrics
from policies.observation import Circumstances, Halt, Metrics, MetricsRequest, Observation, Signal, Unavailable
from policies.plan import Plan, make_plan
from policies.preview import imagine, imagine_scaling
from policies.reading_back import with_reading
from policies.strata.names import ANSWER_COLUMNS
from policies.taking_up import take_up
from policies.values import parse_duration
from tests.policies.building import MINUTE, START, make_capturing, make_endpoint, make_facts, make_strata

Case = dict[str, Any]


def play(case: Case) -> list[dict[str, Any]]:
    """Return what is decided at each look of a case, as the case tells it."""
    plan, decisions = play_out(case)
    return [_tell(plan, decision) for decision in decisions]


def play_out(case: Case) -> tuple[Plan, list[Decision]]:
    """Return the plan of a case and what is decided at each look."""
    policy = parse_policy(case["policy"])
    captured = {"config": make_capturing()} if case.get("captured") else {}
    plan = make_plan(policy, make_facts(**case.get("facts", {}), **captured), "fraud-prod-1", START)
    return plan, list(_run(plan, case["looks"]))


def _run(plan: Plan, looks: list[Case]) -> Iterator[Decision]:
    state = begin(plan)
    endpoint = make_endpoint(
        plan.original.name, {plan.baseline.variant: 100.0}, {plan.baseline.variant: plan.baseline.instances}
    )
    surroundings = plan.surroundings
    traffic: list[pd.DataFrame] = []
    series: dict[str, pd.Series] = {}
    underway: list[Command] = []
    for look in looks:
        now, known = START + parse_duration(look["at"]), Circumstances()
        if "taken_up_after" in look:
            silence = parse_duration(look["taken_up_after"])
            state = take_up(plan, state, silence, now)
            due = now - silence + plan.policy.lease
            known = Circumstances(switch_due=due if due <= now else None, unobserved_since=now - silence)
        endpoint = _change(plan, endpoint, look.get("endpoint", {}), underway)
        traffic += [_segment(**segment) for segment in look.get("traffic", [])]
        for name, points in look.get("series", {}).items():
            segments = [_points(*segment) for segment in (points if isinstance(points[0], list) else [points])]
            series[name] = pd.concat([*([series[name]] if name in series else []), *segments])
        wanted = wanted_metrics(plan, state)
        seen = Observation(
            endpoint=_unavailable(look) or endpoint,
            metrics=_metrics(wanted, (traffic, series), now, look.get("no_metrics")) if wanted else None,
            signals=tuple(
                Signal(by="kim", reason="because", verb=verb, id=f"{look['at']}-{verb}")
                for verb in look.get("signals", [])
            ),
            surroundings=_surroundings(surroundings, look),
            halt=Halt(since=now, reason=look["halt"], by="kim") if "halt" in look else None,
            circumstances=known,
        )
        decision = with_reading(plan, decide(plan, state, seen, now), seen.endpoint, now)
        yield decision
        state = decision.state
        results = iter(look.get("results", []))
        for command in decision.commands:
            guards = isinstance(command, Safeguard)
            result = _result(look.get("safeguards", "done") if guards else next(results, "done"))
            state = record_result(record_intent(state, command, now), command, result, now)
            if result.status == "done":
                endpoint, surroundings = imagine(plan, endpoint, command), imagine_scaling(surroundings, command)
            elif result.status == "accepted":
                underway.append(command)
            else:
                break


def _unavailable(look: Case) -> Unavailable | None:
    if "deleted" in look:
        return Unavailable(look["deleted"], deleted=True)
    return Unavailable(look["unreadable"]) if "unreadable" in look else None


def _surroundings(surroundings: Surroundings, look: Case) -> Surroundings | Unavailable:
    """The scaling as this rollout left it, and the tags as they were, unless the look says otherwise."""
    if "surroundings_unreadable" in look:
        return Unavailable(look["surroundings_unreadable"])
    return Surroundings.model_validate(surroundings.model_dump() | look.get("surroundings", {}))


def _change(plan: Plan, endpoint: Endpoint, change: Case, underway: list[Command]) -> Endpoint:
    if not change:
        return endpoint
    if change.get("obeys"):
        for command in underway:
            endpoint = imagine(plan, endpoint, command)
    if change.get("status", "InService") == "InService":
        underway.clear()
    names = {"original": plan.original.name, "side_by_side": plan.side_by_side.name, "promoted": plan.promoted.name}
    config: str = change.get("config", endpoint.config)
    counts = {variant.name: variant.instances for variant in endpoint.variants} | change.get("instances", {})
    more = {key: change.get(key, default) for key, default in (("status", "InService"), ("failure_reason", ""))}
    if "baking" in change:
        more |= {"pending_config": plan.promoted.name, "baking_since": START + parse_duration(change["baking"])}
    return make_endpoint(names.get(config, config), change.get("shares", endpoint.shares), counts, **more)


def _segment(since: str, until: str, **rates: Any) -> pd.DataFrame:
    first, end = START + parse_duration(since), START + parse_duration(until)
    return make_strata(first, int((end - first) / MINUTE), **rates)


def _points(since: str, until: str, value: float) -> pd.Series:
    first, end = START + parse_duration(since), START + parse_duration(until)
    minutes = pd.date_range(first, end, freq="1min", inclusive="left", name="minute")
    return pd.Series(float(value), index=minutes)


def _metrics(
    wanted: MetricsRequest, seen: tuple[list[pd.DataFrame], dict[str, pd.Series]], now: datetime, trouble: str | None
) -> Metrics | Unavailable:
    if trouble:
        return Unavailable(trouble)
    traffic, series = seen
    settled = now - wanted.settle
    strata = pd.concat([make_strata(START, 0), *traffic], ignore_index=True)
    strata = strata.loc[(strata["minute"] >= wanted.since) & (strata["minute"] <= settled - MINUTE)]
    told = [column for column in ANSWER_COLUMNS if column in strata]
    strata = strata.fillna(dict.fromkeys(told, 0)).astype(dict.fromkeys(told, "int64"))
    known = {name: points[points.index <= settled - MINUTE] for name, points in series.items()}
    return Metrics(strata=strata, series=known, settled_until=settled.replace(second=0, microsecond=0))


def _result(text: str) -> CommandResult:
    status, _, message = text.partition(": ")
    return CommandResult.model_validate({"status": status, "message": message})


def _tell(plan: Plan, decision: Decision) -> dict[str, Any]:
    names = {plan.side_by_side.name: "side_by_side", plan.promoted.name: "promoted", plan.original.name: "original"}
    names |= {plan.shadowed.name: "shadowed"} if plan.shadowed else {}
    names |= {plan.original_copy.name: "original_copy"}
    told = {
        "action": decision.action,
        "phase": str(decision.state.phase),
        "reason": decision.reason,
        "next_look": decision.next_look / timedelta(seconds=1),
        "commands": [explain(command) for command in decision.commands],
    }
    ending = decision.state.ending
    if decision.action == "finish" and ending:
        told["outcome"] = str(ending.outcome)
    text = json.dumps(told)
    for name, role in names.items():
        text = text.replace(name, role)
    return json.loads(text)


def record(path: Path) -> None:
    """Write what is decided today into a case, one line per look."""
    case = json.loads(path.read_text("utf-8"))
    case["expected"] = play(case)
    fields = [
        f'  "{key}": {json.dumps(value, ensure_ascii=False)}'
        for key, value in case.items()
        if not isinstance(value, list)
    ]
    for key in ("looks", "expected"):
        lines = ",\n".join(f"    {json.dumps(entry, ensure_ascii=False)}" for entry in case[key])
        fields.append(f'  "{key}": [\n{lines}\n  ]')
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n", "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        record(Path(name))
