"""A verdict in words: the decision first, then what each gate says and how much evidence it has."""

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.verdict import Answer, Call, EValue, GateVerdict, Verdict

MARKS: Final = {Answer.PASS: "✓", Answer.FAIL: "✗", Answer.INCONCLUSIVE: "?", Answer.ERROR: "!"}
STYLES: Final = {
    Answer.PASS: "green",
    Answer.FAIL: "red",
    Answer.INCONCLUSIVE: "yellow",
    Answer.ERROR: "bold yellow",
    Call.PROMOTE: "bold green",
    Call.ROLLBACK: "bold red",
    Call.CONTINUE: "bold",
    Call.INCONCLUSIVE: "bold yellow",
}
_BEYOND_DOUBT: Final = 1e6
_NOTHING: Final = 0.01
_WHOLE_FROM: Final = 10


def draw_verdict(verdict: Verdict) -> RenderableType:
    """Draw a verdict for a person on call."""
    where = "" if verdict.at is None else f" at stage {verdict.stage}, {verdict.at:%Y-%m-%d %H:%M} UTC"
    headline = Text.assemble((str(verdict.decision), STYLES[verdict.decision]), f"{where} · {verdict.sentence}")
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column()
    for gate in verdict.gates:
        style = STYLES[gate.verdict]
        table.add_row(Text(MARKS[gate.verdict], style), Text(gate.gate, "bold"), Text(gate.verdict, style), _say(gate))
    return Group(headline, "", table) if verdict.gates else headline


def _say(gate: GateVerdict) -> Text:
    """Return a gate's sentence and, where that does not hold it already, the evidence either way."""
    if gate.worse is None or gate.not_worse is None or gate.reason == "few_requests":
        return Text(gate.sentence)
    samples = gate.samples
    counted = f"; {samples.candidate:,} candidate and {samples.baseline:,} baseline requests" if samples else ""
    evidence = (
        f"evidence that it is worse: {tell_evidence(gate.worse)}; that it is not: {tell_evidence(gate.not_worse)}"
    )
    return Text.assemble(gate.sentence, (f"\n{evidence}{counted}", "dim"))


def tell_evidence(evidence: EValue) -> str:
    """Say how much evidence there is of how much suffices; nobody is more convinced by a number of a hundred digits."""
    value = evidence.value
    if value > _BEYOND_DOUBT:
        told = f"beyond {_BEYOND_DOUBT:,.0f}"
    elif value < _NOTHING:
        told = f"below {_NOTHING:g}"
    else:
        told = f"{value:,.0f}" if value >= _WHOLE_FROM else f"{value:.2g}"
    return f"{told} of the {evidence.threshold:,.3g} that suffice"
