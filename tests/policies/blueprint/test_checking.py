"""The generic checker, on small shapes of its own: what is wrong, where, and what to do about it."""

from datetime import date
from typing import Any

import pytest

from policies.blueprint.checking import Checker
from policies.blueprint.shapes import Shape
from policies.errors import Problem

SHAPES = {
    "person": Shape(
        "structure",
        members={
            "Name": "name",
            "Age": "age",
            "Weight": "weight",
            "Colour": "colour",
            "Pets": "pets",
            "Notes": "notes",
            "Born": "born",
            "Member": "member",
            "Parent": "person",
            "Breed": "breed",
        },
        required=("Name",),
    ),
    "name": Shape("string", 1, 10, pattern="[a-zA-Z0-9](-*[a-zA-Z0-9])*"),
    "age": Shape("integer", 0, 150),
    "weight": Shape("number", 0),
    "colour": Shape("string", choices=frozenset({"red", "green"})),
    "breed": Shape("string", choices=frozenset({f"breed-{number}" for number in range(20)}), growing=True),
    "pets": Shape("list", 1, 2, item="name"),
    "notes": Shape("map", maximum=2, key="name", item="note"),
    "note": Shape("string", maximum=5, secret=True),
    "born": Shape("timestamp"),
    "member": Shape("boolean"),
}


def problems(document: object, *, strict: bool = True) -> list[Problem]:
    return list(Checker(SHAPES, strict=strict).find_problems("person", document))


def told(**members: Any) -> list[tuple[str, str]]:
    return [(problem.where, problem.what) for problem in problems({"Name": "ada", **members})]


def test_a_good_document_has_none() -> None:
    """Everything within its limits is fine, shapes that hold themselves included."""
    document = {
        "Name": "ada",
        "Age": 0,
        "Weight": 1,
        "Colour": "red",
        "Pets": ["rex"],
        "Notes": {"a": "x"},
        "Born": "1815-12-10",
        "Member": True,
        "Parent": {"Name": "byron", "Parent": {"Name": "jack"}},
    }

    assert problems(document) == []


@pytest.mark.parametrize(
    ("member", "value", "where", "what"),
    [
        ("Name", "", "Name", "has 0 characters; at least 1"),
        ("Name", "a" * 11, "Name", "has 11 characters; at most 10"),
        ("Name", "a_b", "Name", "'a_b' does not match [a-zA-Z0-9](-*[a-zA-Z0-9])*"),
        ("Age", -1, "Age", "is -1; at least 0"),
        ("Age", 151, "Age", "is 151; at most 150"),
        ("Age", 1.5, "Age", "expected a whole number, not 1.5"),
        ("Age", True, "Age", "expected a whole number, not True"),
        ("Weight", float("nan"), "Weight", "is no finite number"),
        ("Weight", "heavy", "Weight", "expected a number, not 'heavy'"),
        ("Colour", "blue", "Colour", "'blue' is none of what is allowed"),
        ("Pets", [], "Pets", "has 0 entries; at least 1"),
        ("Pets", ["a", "b", "c"], "Pets", "has 3 entries; at most 2"),
        ("Pets", ["a", 7], "Pets[1]", "expected text, not 7"),
        ("Pets", {"a": 1}, "Pets", "expected a list, not {'a': 1}"),
        ("Notes", {"a_b": "x"}, "Notes.a_b", "as a key, 'a_b' does not match [a-zA-Z0-9](-*[a-zA-Z0-9])*"),
        ("Born", "yesterday", "Born", "expected a time such as 2026-01-31T12:00:00Z, not 'yesterday'"),
        ("Member", "yes", "Member", "expected true or false, not 'yes'"),
        ("Parent", None, "Parent", "is empty; expected members"),
        ("Parent", {}, "Parent.Name", "is required"),
    ],
)
def test_one_violation_one_problem(member: str, value: object, where: str, what: str) -> None:
    """Each limit has its sentence: the place, the value, and what is allowed."""
    assert told(**{member: value}) == [(where, what)]


def test_everything_at_once() -> None:
    """Somebody with five mistakes is told of five mistakes, not of one five times."""
    document = {"Nmae": "ada", "Age": 200, "Parent": {"Name": "a_b", "Pets": [1]}, "Member": None}

    wheres = [problem.where for problem in problems(document)]

    assert wheres == ["Name", "Nmae", "Age", "Parent.Name", "Parent.Pets[0]", "Member"]


def test_the_top_of_a_document_has_a_name() -> None:
    """A document that is no structure at all is told so, too."""
    (problem,) = problems(["ada"])

    assert problem == Problem("(top level)", "expected members, not ['ada']")


@pytest.mark.parametrize(
    ("document", "remedy"),
    [
        ({"Name": "a", "Coulour": "red"}, "write Colour"),
        ({"Name": "a", "pets": ["rex"]}, "write Pets"),
        ({"Name": 5}, "put it in quotes"),
        ({"Name": date(2026, 1, 31)}, "put it in quotes"),
        ({"Name": "a_b"}, "use letters, digits and hyphens, with a letter or a digit at both ends"),
        ({"Name": "a", "Colour": "gren"}, "write one of green, red"),
        ({"Name": "a", "Age": None}, "give it a value, or leave it out"),
    ],
)
def test_remedies(document: object, remedy: str) -> None:
    """Where the way out can be guessed, it is said."""
    (problem,) = problems(document)

    assert problem.remedy == remedy


def test_of_many_choices_the_closest_are_named() -> None:
    """Of hundreds of instance types a person wants to read the three that were meant."""
    (problem,) = problems({"Name": "a", "Breed": "breed-07"})

    assert problem.remedy.startswith("did you mean breed-7 or breed-0")
    assert "upgrade botocore" in problem.remedy


def test_what_aws_may_have_brought_out_since_is_let_pass_where_that_is_wanted() -> None:
    """A request of Rollway's must not fail because an instance type is newer than the installed botocore."""
    assert problems({"Name": "a", "Breed": "breed-new"}, strict=False) == []
    assert problems({"Name": "a", "Colour": "new"}, strict=False) != []


def test_secrets_are_never_shown() -> None:
    """What is wrong with a secret is told without the secret."""
    found = problems({"Name": "a", "Notes": {"a": "hush-hush", "b": 4711}})

    assert [problem.where for problem in found] == ["Notes.a", "Notes.b"]
    assert not any("hush" in str(problem) or "4711" in str(problem) for problem in found)


def test_long_values_are_cut() -> None:
    """A problem stays readable when the value is not."""
    (problem,) = problems({"Name": "a", "Pets": "x" * 1000})

    assert len(problem.what) < 120
