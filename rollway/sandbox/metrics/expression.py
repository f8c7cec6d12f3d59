"""The part of CloudWatch's metric math that is simulated: ``+ - * /``, comparisons, ``IF`` and ``FILL``.

Everything else (``SEARCH``, Metrics Insights, ``METRICS()``, arrays, ``AND``, other functions) is refused by name: an
empty answer would look like missing data. The text is parsed by Python's own grammar, never run. Missing data points
count as 0 in arithmetic and a division by 0 drops the data point, as AWS documents.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from rollway.sandbox.errors import Refusal

Points: TypeAlias = Mapping[int, float]
"""Values by the first second of their period."""
_Value: TypeAlias = Points | float

_Operator: TypeAlias = Callable[[float, float], float]


def _divide(left: float, right: float) -> float:
    return left / right


_OPERATORS: Final[Mapping[type[ast.AST], _Operator]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divide,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARGUMENTS: Final = {"IF": (2, 3), "FILL": (2, 2)}
_FILLERS: Final = frozenset({"REPEAT", "LINEAR"})


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes:
        text: as it was written.
        tree: its syntax, holding only what can be computed.
        names: the ids of the queries that it uses.
    """

    text: str
    tree: ast.expr
    names: frozenset[str]

    def evaluate(self, series: Mapping[str, Points], timeline: Sequence[int]) -> Points:
        """Return the expression's time series.

        Args:
            series: the results that it uses, by id.
            timeline: every period of the request, for ``FILL``.

        Raises:
            Refusal: ``ValidationError`` when the result is a number and not a time series.
        """
        result = _Evaluation(series, timeline).value(self.tree)
        if not isinstance(result, Mapping):
            raise Refusal("ValidationError", f"The expression {self.text} gives a number: it must give a time series.")
        return result


def parse_expression(text: str) -> Expression:
    """Read an expression.

    Raises:
        Refusal: ``ValidationError`` when it is not simulated, saying what is.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        what = "Metrics Insights" if text.strip().upper().startswith("SELECT") else "its syntax"
        raise _not_simulated(text, what) from None
    names: set[str] = set()
    _check(tree, text, names)
    return Expression(text, tree, frozenset(names))


def _not_simulated(text: str, what: str) -> Refusal:
    return Refusal(
        "ValidationError",
        f"Error in expression {text!r}: {what} is not simulated. The simulated CloudWatch knows ids, numbers, + - * /, "
        "comparisons, IF(condition, value[, value]) and FILL(id, number|REPEAT|LINEAR): query the metrics and compute "
        "the rest yourself.",
    )


def _check(node: ast.expr, text: str, names: set[str]) -> None:
    """Collect the ids of a tree, refusing what cannot be computed."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return
        case ast.Name(id=name) if name[0].islower():
            names.add(name)
            return
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            parts = [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            parts = [left, right]
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            parts = [left, right]
        case ast.Call(func=ast.Name(id=function), args=args, keywords=[]) if function in _ARGUMENTS:
            fewest, most = _ARGUMENTS[function]
            if not fewest <= len(args) <= most:
                raise _not_simulated(text, f"{function} with {len(args)} arguments")
            named = function == "FILL" and isinstance(args[1], ast.Name) and args[1].id in _FILLERS
            parts = args[:1] if named else args
        case _:
            raise _not_simulated(text, ast.unparse(node))
    for part in parts:
        _check(part, text, names)


@dataclass(frozen=True)
class _Evaluation:
    series: Mapping[str, Points]
    timeline: Sequence[int]

    def value(self, node: ast.expr) -> _Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return self.series[name]
            case ast.UnaryOp(operand=operand):
                return _combine(operator.sub, 0.0, self.value(operand))
            case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
                return _combine(_OPERATORS[type(op)], self.value(left), self.value(right))
            case ast.Call(func=ast.Name(id="IF"), args=args):
                return _choose(*(self.value(each) for each in args))
            case ast.Call(args=[filled, filler]):
                return self._fill(self.value(filled), filler)
            case _:
                raise ValueError(f"{ast.unparse(node)} was checked to be computable")

    def _fill(self, points: _Value, filler: ast.expr) -> _Value:
        if not isinstance(points, Mapping):
            return points
        match filler:
            case ast.Name(id="REPEAT"):
                return _repeat(points, self.timeline)
            case ast.Name(id="LINEAR"):
                return _interpolate(points, self.timeline)
            case _:
                default = self.value(filler)
                return {at: points[at] if at in points else _at(default, at) for at in self.timeline}


def _at(value: _Value, at: int) -> float:
    return value.get(at, 0.0) if isinstance(value, Mapping) else value


def _combine(function: _Operator, left: _Value, right: _Value) -> _Value:
    divides = function is _divide
    if not isinstance(left, Mapping) and not isinstance(right, Mapping):
        if divides and right == 0:
            raise Refusal("ValidationError", f"The expression divides the number {left} by 0.")
        return float(function(left, right))
    places = sorted({at for side in (left, right) if isinstance(side, Mapping) for at in side})
    pairs = [(at, _at(left, at), _at(right, at)) for at in places]
    return {at: float(function(a, b)) for at, a, b in pairs if b != 0 or not divides}


def _choose(condition: _Value, then: _Value, otherwise: _Value | None = None) -> _Value:
    if otherwise is None:
        otherwise = {}
    if not isinstance(condition, Mapping):
        return then if condition else otherwise
    chosen: dict[int, float] = {}
    for at, holds in condition.items():
        if holds:
            chosen[at] = _at(then, at)
        elif not isinstance(otherwise, Mapping) or at in otherwise:
            chosen[at] = _at(otherwise, at)
    return chosen


def _repeat(points: Points, timeline: Sequence[int]) -> Points:
    filled: dict[int, float] = {}
    latest: float | None = None
    for at in timeline:
        latest = points.get(at, latest)
        if latest is not None:
            filled[at] = latest
    return filled


def _interpolate(points: Points, timeline: Sequence[int]) -> Points:
    if not points:
        return points
    known = sorted(points)
    places = [at for at in timeline if known[0] <= at <= known[-1]]
    values = np.interp(places, known, [points[at] for at in known])
    return dict(zip(places, values.tolist(), strict=True))
