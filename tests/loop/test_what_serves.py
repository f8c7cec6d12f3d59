"""Whatever a rollout ends like, the models that it names as serving are those that the endpoint serves, in every place that names one.

The simulated endpoint is read through boto3 and compared with the journal's last record, the lease's history, ``rollway status`` as text
and as JSON, the final line, the last notice and the message of Prefect's final state.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from policies.attempts import Fate
from policies.headline import headline
from policies.lifecycle import Ending, Outcome, Phase
from policies.notices.story import Began, Looked, tell
from policies.serving import ReadBack
from rollway.journal.records import Decided
from rollway.sandbox.fault_menu import MetricGap, OutsideChange, Throttle
from tasks.rolling_out import final_state
from tests.cli.playing import JOURNAL, Player, current_lease
from tests.loop.rehearsal import CONFIG, ENDPOINT, QUICK, ROLE, Rehearsal, model
from tests.loop.test_ab_test import TEST, Shop
from tests.loop.test_guardrail import GUARDRAIL
from tests.loop.test_strategies import STRATEGIES
from tests.loop.test_trouble import at

FOREIGN = "fraud-v9"
RIVALS = ("fraud-v8", "fraud-v10")
EVEN = {"fraud-v6": 0.1, "fraud-v7": 0.1, "fraud-v8": 0.1, "fraud-v10": 0.1}
SECOND_SELLS = EVEN | {"fraud-v8": 0.25}
HELD_OUT = {"stages": [*TEST["stages"], {"share": 90, "bake": "3m"}]}
WATCHED = {"watch": "10m"}
BROKEN = {"failing": 0.5}


@dataclass(frozen=True)
class Row:
    """One rollout of the table.

    Attributes:
        policy: its policy's fields.
        outcome: how it ends.
        serving: what the endpoint serves then: percent of traffic by model.
        broken: the models that fail half of their requests.
        rates: in an A/B test, how often each model sells.
        act: what happens besides, after each decision.
        when: what happens the first time that the rollout stands at a phase and stage.
    """

    policy: dict[str, Any]
    outcome: Outcome
    serving: dict[str, float]
    broken: tuple[str, ...] = ()
    rates: dict[str, float] = field(default_factory=dict)
    act: Callable[[Rehearsal, Any], None] | None = None
    when: tuple[Phase, int, Callable[[Rehearsal], Any]] | None = None


def abort(rehearsal: Rehearsal) -> None:
    """Ask the rollout to go back."""
    rehearsal.signal("abort")


def move(rehearsal: Rehearsal) -> None:
    """Have somebody else move the endpoint to a model that the rollout does not know."""
    rehearsal.cloud.faults.plant(OutsideChange(endpoint=ENDPOINT, config=FOREIGN))
    rehearsal.settle()


def break_model(name: str) -> Callable[[Rehearsal], None]:
    """Have a model fail from now on."""

    def act(rehearsal: Rehearsal) -> None:
        rehearsal.models[name] = model(3, failing=0.5)

    return act


def promote_the_last(rehearsal: Rehearsal, decision: Any) -> None:
    """Have a person promote the last challenger, once two have been removed and their traffic is gone."""
    state = decision.state
    asked = any(signal.verb == "promote_now" for signal in rehearsal.rollout.journal.read_signals())
    if len(state.out) == len(RIVALS) and state.phase is Phase.BAKING and not asked:
        rehearsal.signal("promote_now")


def moved_before_the_end(rehearsal: Rehearsal, decision: Any) -> None:
    """Have somebody move the endpoint after the promotion was seen to be complete, before the end is written."""
    if decision.state.phase is Phase.CLEANING and rehearsal.endpoint()["EndpointConfigName"] != FOREIGN:
        move(rehearsal)


CANARY = QUICK | {"strategy": "canary"}
AB = TEST | {"on_drift": "abort"}
ONLY_V6, ONLY_V7, ONLY_V8 = {"fraud-v6": 100.0}, {"fraud-v7": 100.0}, {"fraud-v8": 100.0}
BACK = Outcome.ROLLED_BACK
TABLE: dict[str, Row] = {
    "canary promoted": Row(CANARY, Outcome.PROMOTED, ONLY_V7),
    "canary taken back": Row(CANARY, BACK, ONLY_V6, ("fraud-v7",)),
    "canary aborted": Row(CANARY, Outcome.ABORTED, ONLY_V6, when=(Phase.BAKING, 0, abort)),
    "canary without data": Row(
        CANARY | {"extend_at_most": "1m", "deadline": "20m"},
        Outcome.INCONCLUSIVE,
        ONLY_V6,
        when=(Phase.SHIFTING, 0, lambda each: each.cloud.faults.plant(MetricGap(duration="10h"))),
    ),
    "canary taken over by somebody": Row(
        CANARY | {"on_drift": "abort"}, Outcome.ABORTED, {FOREIGN: 100.0}, when=(Phase.BAKING, 0, move)
    ),
    "canary that cannot go back": Row(
        CANARY | {"timeouts": {"rollback": "5m"}, "dead_mans_switch": {"mode": "none"}},
        Outcome.ROLLBACK_FAILED,
        {"fraud-v6": 80.0, "fraud-v7": 20.0},
        when=(
            Phase.BAKING,
            0,
            lambda each: (
                each.cloud.faults.plant(Throttle(operation="UpdateEndpointWeightsAndCapacities", times=10_000)),
                each.cloud.faults.plant(Throttle(operation="UpdateEndpoint", times=10_000)),
                each.signal("abort"),
            ),
        ),
    ),
    "canary moved before its end": Row(CANARY, Outcome.PROMOTED, {FOREIGN: 100.0}, act=moved_before_the_end),
    "canary aborted, moved before its end": Row(
        CANARY,
        Outcome.ABORTED,
        {FOREIGN: 100.0},
        act=lambda rehearsal, decision: (
            at(Phase.BAKING, 0, abort)(rehearsal, decision) if decision.state.ending is None else None,
            moved_before_the_end(rehearsal, decision),
        ),
    ),
    "canary taken back by the watch": Row(
        CANARY | WATCHED, BACK, ONLY_V6, when=(Phase.BAKING, 2, break_model("fraud-v7"))
    ),
    **{f"{name} promoted": Row(fields, Outcome.PROMOTED, ONLY_V7) for name, fields in STRATEGIES.items()},
    **{
        f"{name} taken back": Row(fields | {"probes": None}, BACK, ONLY_V6, ("fraud-v7",))
        for name, fields in STRATEGIES.items()
    },
    "guardrail promoted": Row(GUARDRAIL, Outcome.PROMOTED, ONLY_V7),
    "guardrail taken back": Row(GUARDRAIL, BACK, ONLY_V6, ("fraud-v7",)),
    "test promotes the second after the first was removed": Row(
        AB, Outcome.PROMOTED, ONLY_V8, ("fraud-v7",), SECOND_SELLS
    ),
    "test promotes the second after a hold-out": Row(AB | HELD_OUT, Outcome.PROMOTED, ONLY_V8, (), SECOND_SELLS),
    "test whose third is promoted by a person": Row(
        AB, Outcome.PROMOTED, {"fraud-v10": 100.0}, ("fraud-v7", "fraud-v8"), EVEN, promote_the_last
    ),
    "test whose winner is taken back by the watch": Row(
        AB | {"watch": "10m"},
        BACK,
        ONLY_V6,
        (),
        SECOND_SELLS,
        when=(Phase.BAKING, 1, break_model("fraud-v8")),
    ),
    "test aborted in its hold-out": Row(
        AB | HELD_OUT, Outcome.ABORTED, ONLY_V6, (), SECOND_SELLS, when=(Phase.BAKING, 1, abort)
    ),
    "test without a winner": Row(AB, Outcome.INCONCLUSIVE, ONLY_V6, (), EVEN),
    "test that all have left": Row(AB, BACK, ONLY_V6, ("fraud-v7", "fraud-v8", "fraud-v10"), EVEN),
    "test whose endpoint is moved before its end": Row(
        AB, Outcome.PROMOTED, {FOREIGN: 100.0}, ("fraud-v7",), SECOND_SELLS, moved_before_the_end
    ),
    "test taken over by somebody": Row(AB, Outcome.ABORTED, {FOREIGN: 100.0}, (), EVEN, when=(Phase.BAKING, 0, move)),
}


def prepare(rehearsal: Rehearsal, row: Row) -> None:
    """Create the further models and the configuration of a stranger."""
    for name in (*RIVALS, FOREIGN):
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
        create = {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE}
        rehearsal.cloud.call("CreateModel", create)
        rehearsal.models.setdefault(name, model(11, failing=0.002))
    rehearsal.models |= {name: model(3, **BROKEN) for name in row.broken}
    variant = CONFIG["ProductionVariants"][0] | {"ModelName": FOREIGN}
    foreign = {"EndpointConfigName": FOREIGN, "ProductionVariants": [variant], "ExecutionRoleArn": ROLE}
    rehearsal.cloud.call("CreateEndpointConfig", foreign)
    rehearsal.watch = at(*row.when) if row.when else row.act
    rehearsal.rate_per_s = 5.0
    if row.rates:
        rehearsal.publish = Shop(row.rates)


def live(rehearsal: Rehearsal) -> dict[str, float]:
    """Percent of traffic by model, read through boto3."""
    endpoint = rehearsal.endpoint()
    config = rehearsal.config(endpoint["EndpointConfigName"])
    models = {each["VariantName"]: each["ModelName"] for each in config["ProductionVariants"]}
    weights = {models[each["VariantName"]]: each["CurrentWeight"] for each in endpoint["ProductionVariants"]}
    total = sum(weights.values())
    return {name: 100 * weight / total for name, weight in weights.items() if weight}


def shares(document: dict[str, Any]) -> dict[str, float]:
    """Percent of traffic by model, in a reading as JSON."""
    return {each["model"]: each["share"] for each in document["served"]}


def last_notice(rehearsal: Rehearsal) -> str:
    """The headline of the last notice about the end, as the journal gives it."""
    chronicle = rehearsal.rollout.journal.read()
    started = chronicle.records[0]
    looks = (
        Looked(each.at, each.state, each.action, each.reason, each.verdicts)
        for each in chronicle.records
        if isinstance(each, Decided)
    )
    notices = tell(started.plan, [Began(started.at, started.by), *looks])
    return [each.headline for each in notices if each.headline.startswith(chronicle.state.ending.outcome)][-1]


def play(rehearsal: Rehearsal, row: Row) -> Ending:
    """Play a row to its end."""
    prepare(rehearsal, row)
    return rehearsal.drive(rehearsal.begin(row.policy, rivals=RIVALS if row.rates else ()))


@pytest.mark.parametrize("name", TABLE)
def test_what_is_said_is_what_serves(rehearsal: Rehearsal, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Over strategies and endings: every place names the models that the simulated endpoint serves, with their shares."""
    row = TABLE[name]

    ending = play(rehearsal, row)

    truth = live(rehearsal)
    assert (ending.outcome, {model: round(share) for model, share in truth.items()}) == (row.outcome, row.serving)
    assert isinstance(ending.serving, ReadBack)
    assert shares(ending.serving.model_dump()) == pytest.approx(truth)
    recorded = rehearsal.rollout.journal.read().state.ending
    assert recorded is not None
    assert recorded.serving == ending.serving
    line = headline(rehearsal.rollout.plan, ending)
    status = Player(rehearsal, capsys)
    text = " ".join(status.play("status", ENDPOINT, "--journal", JOURNAL).out.split()).partition("latest events")[0]
    document = status.play("status", ENDPOINT, "--journal", JOURNAL, "--output", "json").document
    overview = status.play("status", "--journal", JOURNAL, "--output", "json").document["endpoints"][ENDPOINT]
    for told in (line, text, final_state(rehearsal.rollout, ending).message, last_notice(rehearsal)):
        assert all(model in told for model in truth), told
        claimed = {
            each for each in (*row.rates, "fraud-v6", "fraud-v7", FOREIGN) if f"{each} serves all traffic" in told
        }
        assert claimed <= truth.keys(), told
        back = {each for each in ("fraud-v6", "fraud-v7") if f"is back on {each}" in told}
        assert back <= truth.keys(), told
    assert shares(document["live"]["serving"]) == pytest.approx(truth)
    assert shares(document["rollout"]["serving"]) == pytest.approx(truth)
    arms = {arm["model"]: arm["share"] for arm in document["rollout"].get("arms", []) if arm["share"]}
    assert not arms or arms == pytest.approx(truth)
    if row.outcome is not Outcome.ROLLBACK_FAILED:  # which keeps its lease for whoever goes on with it
        assert shares(overview["serving"]) == pytest.approx(truth)
        (past,) = current_lease(rehearsal).history
        assert past.serving == ending.serving


@pytest.mark.parametrize(
    ("name", "fates"),
    [
        ("canary promoted", {"fraud-v7": Fate.PROMOTED}),
        ("canary taken back", {"fraud-v7": Fate.AS_THE_ROLLOUT}),
        (
            "test promotes the second after the first was removed",
            {"fraud-v7": Fate.REMOVED, "fraud-v8": Fate.PROMOTED, "fraud-v10": Fate.NOT_CHOSEN},
        ),
        (
            "test whose third is promoted by a person",
            {"fraud-v7": Fate.REMOVED, "fraud-v8": Fate.REMOVED, "fraud-v10": Fate.PROMOTED},
        ),
        (
            "test whose winner is taken back by the watch",
            {"fraud-v7": Fate.NOT_CHOSEN, "fraud-v8": Fate.AS_THE_ROLLOUT, "fraud-v10": Fate.NOT_CHOSEN},
        ),
    ],
)
def test_the_lease_keeps_what_became_of_each_model(rehearsal: Rehearsal, name: str, fates: dict[str, Fate]) -> None:
    """The brake goes by the lease: it knows who was promoted, who was removed and who was not chosen."""
    play(rehearsal, TABLE[name])

    (past,) = current_lease(rehearsal).history
    assert {each.model: each.fate for each in past.tried} == fates
