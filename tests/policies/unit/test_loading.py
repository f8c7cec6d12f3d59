"""Policies from files and documents: all mistakes at once, each with its path."""

import json
from pathlib import Path
from typing import Any

import pytest

from policies.errors import PolicyError
from policies.loading import LIBRARY, load_policy, parse_policy
from policies.spec import Policy

GOOD: dict[str, Any] = {"strategy": "canary", "stages": [{"share": 5, "bake": "10m"}]}


def problems_of(document: object) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_policy(document)
    return [str(problem) for problem in caught.value.problems]


def stage(**fields: object) -> dict[str, Any]:
    return {"stages": [{"share": 5, "bake": "10m"} | fields]}


BAD = [
    ({"stages": None}, "stages: there must be 1 to 50 stages — write at least one: {share: 5, bake: 10m}"),
    (
        {"strategy": "yolo"},
        "strategy: Input should be 'canary', 'linear', 'blue_green', 'control_twin', 'shadow', 'guardrail' or 'ab_test', not 'yolo'",
    ),
    ({"deadlin": "1h"}, "deadlin: is no field of this part of a policy — check the spelling, or remove it"),
    (stage(share=0), "stages[0].share: Input should be greater than 0, not 0"),
    (stage(share=float("nan")), "stages[0].share: Input should be less than or equal to 100, not nan"),
    (
        stage(share=97),
        ("stages[0].share: 97 leaves less than 5 % of the traffic on the baseline, too little to compare with"
        " — use at most 95, or set keep_control: false"),
    ),
    (stage(bake=10), "stages[0].bake: 10 is no duration; write a number with its unit: 90s, 10m, 1h30m or 2d"),
    (stage(bake="0s"), "stages[0].bake: a bake must take time; write for example 10m"),
    (stage(instances=0), "stages[0].instances: Input should be greater than or equal to 1, not 0"),
    (stage(gates=["eror"]), "stages[0].gates: there is no gate named 'eror' — the gates are: sample, split"),
    (stage(gates="errors"), "stages[0].gates: Input should be a valid tuple, not 'errors'"),
    (stage(gates=[["a"]]), "stages[0].gates[0]: Input should be a valid string"),
    (
        {"gates": {"e": {"metric": "errors_5xx", "no_worse_than": 0.1}}},
        "gates.e.no_worse_than: Input should be a valid dictionary or instance of Margin, not 0.1",
    ),
    (
        {"gates": {"e": {"metric": "errors_5xx", "no_worse_than": "10"}}},
        "gates.e.no_worse_than: '10' is no percentage; write it with its sign, for example 5% or 0.5%",
    ),
    (
        {"gates": {"e": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1}}}},
        "gates.e.no_worse_than.ratio: Input should be greater than 1, not 1",
    ),
    (
        {"gates": {"l": {"metric": "latency", "no_worse_than": {"ratio": 1.1, "or_absolute": "1%"}}}},
        "gates.l.no_worse_than: or_absolute is for error rates; give latency a ratio, for example 10%",
    ),
    (
        {"guardrails": {"g": {"metric": "CPUUtilization", "at_most": 1, "at_least": 0}}},
        "guardrails.g: give either at_most or at_least, not both",
    ),
    (
        {"guardrails": {"g": {"metric": "CPUUtilization", "at_most": 1, "breaches": 6}}},
        "guardrails.g: breaches (6) cannot be more than the periods looked at (5)",
    ),
    (
        {"gates": {"x": {"metric": "errors_5xx"}}},
        ("gates.x: a gate says one of no_worse_than (compare with the baseline), at_most or at_least (fixed limit), "
        "requests_at_least (minimum sample), share_within (traffic split), better_by (an A/B test's metric), "
        "agree_at_least (a shadow's answers)"),
    ),
    (
        {"gates": {"sample": {"metric": "latency", "no_worse_than": "10%"}}},
        "gates: sample is the name of a gate that is always there; give yours another name",
    ),
    (
        {"guardrails": {"sample": {"metric": "CPUUtilization", "at_most": 1}}},
        "guardrails.sample: a gate has that name too — give each gate and guardrail a name of its own",
    ),
    (
        {"deadline": "12m"},
        ("deadline: 12m is not longer than what the bakes need, 12m: each bake, and 2m for its metrics to settle"
        " — allow more time, or bake less"),
    ),
    ({"deadline": "9999999999d"}, "deadline: '9999999999d' is too long; the longest is 365d"),
    ({"risk": {"false_rollback": 0.05}}, "risk.false_rollback: 0.05 is no percentage; write it with its sign, for example 5% or 0.5%"),
    ({"metrics": {"period": "7s"}}, "metrics.period: CloudWatch has no period of 7s; use 1s, 5s, 10s, 20s, 30s or whole minutes"),
    ({"metrics": {"look_every": "0s"}}, "metrics.look_every: there must be time between two looks; write for example 30s"),
    ({"timeouts": {"rollback": "0s"}}, "timeouts.rollback: AWS needs time; write for example 60m"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD, ids=[message.split(":")[0] for _, message in BAD])
def test_a_mistake_is_named_with_its_path_and_remedy(change: dict[str, Any], message: str) -> None:
    """Whoever wrote the policy learns where the mistake is, what is wrong, and what to write instead."""
    assert message in problems_of(GOOD | change)


def test_every_mistake_is_reported_at_once() -> None:
    """Nobody has to fix a policy one error at a time, whatever layer finds the mistake."""
    document = {
        "strategy": "canary",
        "stages": [{"share": 50, "bake": "10m"}, {"share": 25, "bake": "10m", "gates": ["nope"]}, {"share": 200}],
        "gates": {"e": {"metric": "errors_6xx", "no_worse_than": "10%"}},
        "risk": {"false_rollback": "60%"},
        "deadline": "5m",
        "colour": "red",
    }
    where = {problem.split(":")[0] for problem in problems_of(document)}
    assert where == {
        "stages[1].share", "stages[1].gates", "stages[2].share", "stages[2].bake", "gates.e.metric",
        "risk.false_rollback", "deadline", "colour",
    }  # fmt: skip


@pytest.mark.parametrize("document", [None, [], "canary", 3])
def test_a_document_that_is_no_mapping_is_told_so(document: object) -> None:
    """An empty or foreign file gives a sentence, not a traceback."""
    assert problems_of(document)[0].startswith("(top level): expected a file with strategy or stages, found ")


def test_an_error_counts_its_problems_and_names_its_source() -> None:
    """The message can be shown as it is: the file first, then one line per problem."""
    with pytest.raises(PolicyError) as caught:
        parse_policy(GOOD | {"a": 1, "b": 2}, "my.yaml")
    first, *rest = str(caught.value).splitlines()
    assert first == "my.yaml: 2 problems"
    assert len(rest) == 2


def test_sample_and_split_gates_are_always_there() -> None:
    """Also a policy that names no gate never passes a stage without data."""
    assert set(parse_policy(GOOD).gates) == {"sample", "split"}
    own = parse_policy(GOOD | {"gates": {"enough": {"requests_at_least": 7}}})
    assert set(own.gates) == {"enough", "split"}


def test_a_stage_may_name_an_implied_gate() -> None:
    """A gate that nobody wrote can still be named, also in a policy with mistakes elsewhere; one that is replaced cannot."""
    assert parse_policy(GOOD | stage(gates=["sample"])).stages[0].gates == ("sample",)
    assert problems_of(GOOD | stage(gates=["sample"]) | {"a": 1}) == [
        "a: is no field of this part of a policy — check the spelling, or remove it"
    ]
    replaced = stage(gates=["sample"]) | {"gates": {"enough": {"requests_at_least": 7}}}
    assert problems_of(GOOD | replaced) == [
        "stages[0].gates: there is no gate named 'sample' — the gates are: enough, split"
    ]


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_library_policies_load_by_name(path: Path) -> None:
    """Every policy that ships is valid and found by its name."""
    assert load_policy(path.stem) == load_policy(path)


def test_a_policy_survives_json() -> None:
    """A policy read back from the journal is the same policy, with the same digest."""
    policy = load_policy("canary")
    again = parse_policy(json.loads(policy.model_dump_json()))
    assert again == policy
    assert again.digest == policy.digest
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_the_digest_follows_the_content() -> None:
    """Two policies that differ anywhere have different digests; defaults written out do not count."""
    policy = parse_policy(GOOD)
    assert policy.digest != parse_policy(GOOD | {"deadline": "5h"}).digest
    assert policy.digest == parse_policy(GOOD | {"deadline": "360m"}).digest


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    """A missing file, one that is no YAML and one that is no text are policy errors with a remedy."""
    with pytest.raises(PolicyError, match="ships with Rollway: ab_test, blue_green"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("stages: [", "utf-8")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("broken.yaml", "binary.yaml"):
        with pytest.raises(PolicyError, match="is not "):
            load_policy(tmp_path / name)


def test_a_name_that_no_file_can_have_is_told() -> None:
    """A policy's name is looked up among those that ship, not as a path."""
    with pytest.raises(PolicyError, match="File name too long"):
        load_policy("a" * 300)
