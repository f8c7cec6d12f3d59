"""RW9: watching. Whether anybody would learn that the endpoint is in trouble."""

from collections.abc import Callable, Iterator
from typing import Final

from policies.blueprint.document import Named, Path
from policies.lint.rules import Check, Family, Found, Hit, Unchecked
from policies.lint.subject import Alarm, Subject, Unknown

WATCHING: Final = Family("Watching")

TELLING: Final = frozenset(
    ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors", "ModelLatency", "OverheadLatency")
)
"""The metrics that say how callers fare."""
_ALARMS: Final[Path] = ("Alarms",)


def _each_alarm(check: Callable[[Path, Alarm, Subject], Iterator[Hit]]) -> Check:
    """Lead a rule over every alarm on the endpoint."""

    def over(subject: Subject) -> Found:
        if isinstance(subject.alarms, Unknown):
            yield Unchecked(_ALARMS, subject.alarms)
            return
        for alarm in subject.alarms:
            yield from check((*_ALARMS, Named(alarm.name)), alarm, subject)

    return over


@WATCHING.rule(
    "RW901",
    "warning",
    "No alarm on the endpoint",
    why="Nobody is told when it fails, and SageMaker's own deployment guardrails have nothing to roll back by.",
    remedy="Set alarms on Invocation5XXErrors and ModelLatency of each variant.",
)
def no_alarm(subject: Subject) -> Found:
    """Look for any alarm."""
    if isinstance(subject.alarms, Unknown):
        yield Unchecked(_ALARMS, subject.alarms)
    elif not subject.alarms:
        yield Hit(_ALARMS, "there is none")


@WATCHING.rule(
    "RW902",
    "warning",
    "No alarm on errors or latency",
    why="Alarms on instances alone stay silent while callers get errors, or wait.",
    remedy="Set an alarm on Invocation5XXErrors, InvocationModelErrors or ModelLatency.",
)
def no_telling_alarm(subject: Subject) -> Found:
    """Look for alarms on what callers notice."""
    if isinstance(subject.alarms, Unknown):
        yield Unchecked(_ALARMS, subject.alarms)
    elif subject.alarms and not any(TELLING & set(alarm.metrics) for alarm in subject.alarms):
        watched = sorted({metric for alarm in subject.alarms for metric in alarm.metrics})
        yield Hit(_ALARMS, f"only on {', '.join(watched) or 'other alarms'}")


@WATCHING.rule(
    "RW903",
    "note",
    "An alarm that tells nobody",
    why="It has no action for the state ALARM, or its actions are switched off, so one has to look at it to know.",
    remedy="Give it an action, unless it serves a deployment guardrail or a composite alarm only.",
)
@_each_alarm
def silent_alarm(path: Path, alarm: Alarm, _subject: Subject) -> Iterator[Hit]:
    """Look for alarms without actions."""
    if not alarm.acts:
        yield Hit((*path, "AlarmActions"), "does nothing when it goes off")


@WATCHING.rule(
    "RW904",
    "warning",
    "An alarm that has gone off",
    why="What it warns of is going on, so the endpoint is no baseline to compare with, and a guardrail on this alarm may end a deployment "
    "at once.",
    remedy="Look into it before anything is rolled out.",
)
@_each_alarm
def in_alarm(path: Path, alarm: Alarm, _subject: Subject) -> Iterator[Hit]:
    """Look for alarms in the state ALARM."""
    if alarm.state == "ALARM":
        yield Hit((*path, "StateValue"), "is ALARM")


@WATCHING.rule(
    "RW905",
    "warning",
    "An alarm on a variant that is not there",
    why="It looks at metrics that nobody writes any more, so it can never go off.",
    remedy="Point it to a variant of the endpoint, or delete it.",
)
@_each_alarm
def stale_alarm(path: Path, alarm: Alarm, subject: Subject) -> Iterator[Hit]:
    """Compare the variants that alarms look at with those that there are."""
    there = {variant.text("VariantName") for variant in subject.variants}
    gone = sorted(set(alarm.variants) - there)
    if gone and not there & set(alarm.variants):
        yield Hit((*path, "Dimensions"), f"looks at variant {', '.join(gone)}")


@WATCHING.rule(
    "RW906",
    "note",
    "Metrics by default",
    why="For a new configuration that does not say, AWS publishes further metrics, which may cost; what the default is may change.",
    remedy="Set MetricsConfig.EnableDetailedObservability to what is meant.",
)
def metrics_by_default(subject: Subject) -> Found:
    """Look for an explicit choice."""
    metrics = subject.whole.section("MetricsConfig")
    if not metrics.has("EnableDetailedObservability"):
        yield Hit(metrics.at("EnableDetailedObservability"), "is not set")
