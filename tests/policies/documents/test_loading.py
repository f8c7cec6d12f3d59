"""One loader for every document that people bring: within limits, as YAML 1.2 has it, each error with its line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.documents.limits import DEEPEST, MOST_ALIASES
from policies.documents.loading import expect_fields, load_document, parse_document
from policies.documents.text import LARGEST
from policies.errors import PolicyError, Problem

BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "a: &a {k: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(content: bytes | str, source: str = "given.yaml") -> Problem:
    with pytest.raises(PolicyError) as caught:
        parse_document(content, source)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("5", 5), ("-5", -5), ("+5", 5), ("0", 0), ("5.", 5.0), (".5", 0.5), ("1e3", 1000.0), ("1E-2", 0.01),
        ("true", True), ("False", False), ("~", None), ("", None), ("null", None), ("!!str 12", "12"),
        ("1:30", "1:30"), ("2026-02-30", "2026-02-30"), ("2026-12-24", "2026-12-24"), ("012", "012"), ("0x1f", "0x1f"),
        ("1_000", "1_000"), ("'no'", "no"), ("y", "y"), ("10m", "10m"), ("5%", "5%"), ("2001-12-14t21:59:43Z", "2001-12-14t21:59:43Z"),
        ("123456789012345678", 123456789012345678), ("=", "="),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(written, said):
    """Numbers in decimal digits, true and false are what they look like; times, dates and the rest are text for the schema to judge."""
    assert parse_document(f"a: {written}", "given.yaml").content == {"a": said}


@pytest.mark.parametrize(
    ("written", "where", "told"),
    [
        ("a: 1\nb: no", "line 2, column 4", "yes, no, on or off"),
        ("a: 1\non: 2", "line 2, column 1", "yes, no, on or off"),
        ("a: 1\nb: 1234567890123456789", "line 2, column 4", "more than 18 digits"),
        ("a: 1\nb: .inf", "line 2, column 4", "infinite"),
        ("a: [1,\n  -.INF]", "line 2, column 3", "infinite"),
        ("a: .nan", "line 1, column 4", "infinite or none"),
        ("a: 1e999", "line 1, column 4", "infinite"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1", "in lines 1 and 3"),
        ("a: {b: 1, b: 1}", "line 1, column 11", "one key more than once"),
        ("1: a", "line 1, column 1", "key that is not text"),
        ("? [a]\n: b", "line 1, column 3", "key that is not text"),
        ("? {a: b}\n: b", "line 1, column 3", "key that is not text"),
        ("a: !!timestamp 2026-01-01", "line 1, column 4", "a tag"),
        ("a: !!python/object:os.system x", "line 1, column 4", "a tag"),
        ("a: !!set {b}", "line 1, column 4", "a tag"),
        ("a: !own b", "line 1, column 4", "a tag"),
        ("a: !!int b", "line 1, column 4", "a tag"),
        ("a: &a [*a]", "line 1, column 8", "an alias within"),
        ("a: *b", "line 1, column 4", "is not valid YAML"),
        ("a: &x 1\nb: &x 2", "line 2, column 4", "is not valid YAML"),
        ("a: {<<: 5}", "line 1, column 9", "is not valid YAML"),
        ('a: "\\0"', "line 1, column 4", "not printable"),
        ('a: "\\e[31m"', "line 1, column 4", "not printable"),
        ('a: "\\ud800"', "line 1, column 7", "is not valid YAML"),
        ("a: 1\n---\nb: 2", "line 2, column 1", "another document"),
        ("a: [1", "line 2, column 1", "is not valid YAML"),
        ("a:\n\t- 1", "line 2, column 1", "is not valid YAML"),
        ("a: b: c", "line 1, column 5", "is not valid YAML"),
        ("%YAML 9\n---\na: 1", "line 1", "is not valid YAML"),
        ("!!str {a: 1}", "line 1, column 1", "is not valid YAML"),
        ("[" * 10_000, f"line 1, column {DEEPEST + 1}", "nested"),
        ("{a: " * 10_000, "line 1", "nested"),
        ("- " * 10_000, "line 1", "nested"),
        (BOMB, "line", "holds more than"),
        (MERGE_BOMB, "line", "holds more than"),
        ("a: &a 1\nb: [" + "*a, " * (MOST_ALIASES + 1) + "]", "line 2", "aliases"),
        ("[" + "1," * 100_001 + "]", "line 1", "holds more than"),
        ("a: '" + "x" * LARGEST + "'", "(file)", "is larger than"),
        (b"a: \x00", "line 1, column 4", "not printable"),
        (b"a: b\nc: \xff", "line 2, column 4", "is not text in UTF-8"),
        ("a: b\n\x07", "line 2, column 1", "not printable"),
        ("a: \ud800", "line 1, column 4", "is not text in UTF-8"),
        (b"\xff\xfea\x00:", "line 1", "is not text in UTF-16"),
    ],
)  # fmt: skip
def test_what_no_two_programs_read_alike_is_refused_by_its_line(written, where, told):
    """Neither a date that does not exist, nor a key given twice, nor a bomb of aliases gets as far as the schema."""
    problem = refused(written)
    assert problem.where.startswith(where)
    assert told in problem.what


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_files_of_every_editor_are_read(tmp_path: Path, encoding: str):
    """A byte order mark says what a file is in: PowerShell writes UTF-16."""
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    (tmp_path / "given.yaml").write_bytes(f"{mark}a: ü€😀\r\nb: 2\r\n".encode(encoding))
    assert load_document(tmp_path / "given.yaml").content == {"a": "ü€😀", "b": 2}


@pytest.mark.parametrize("name", ["none.yaml", ".", "a\0b", "\ud800"])
def test_what_is_no_file_is_told(tmp_path: Path, name: str):
    """A missing file, a folder and what is no file's name are problems of the file."""
    with pytest.raises(PolicyError) as caught:
        load_document(tmp_path / name, remedy="do this")
    assert caught.value.problems[0].where == "(file)"
    assert caught.value.problems[0].remedy == "do this"


def test_a_device_without_end_is_not_read_to_its_end():
    """Only as much is read as is allowed."""
    with pytest.raises(PolicyError, match="is larger than"):
        load_document("/dev/zero")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefgxyz .[]", max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(VALUES, st.sampled_from([{}, {"indent": 2}, {"indent": "\t"}, {"ensure_ascii": False}]))
def test_json_says_the_same_in_any_layout(value: object, layout: dict[str, Any]):
    """What a JSON writer writes is read back as it was, tabs and escapes of two halves too."""
    text = json.dumps(value, **layout)
    assert parse_document(text, "given.json").content == value


def test_a_problem_has_the_line_of_its_field():
    """A path leads to the line of its key or item; the deepest part that there is, where a field is missing."""
    text = "a: 1\nb:\n  - c: 1\n  - c.d: {e: 2}\n    f: &x {g: 1}\nh:\n  <<: *x\n"
    document = parse_document(text, "given.yaml")
    lines = {
        path: document.line_of(path)
        for path in ("a", "b[0].c", "b[1].c.d.e", "b[1].f.g", "b[1].none", "none", "b[9]", "h.g")
    }
    assert lines == {
        "a": 1,
        "b[0].c": 3,
        "b[1].c.d.e": 4,
        "b[1].f.g": 5,
        "b[1].none": 4,
        "none": None,
        "b[9]": 2,
        "h.g": 5,
    }

    with (
        pytest.raises(PolicyError, match=r"given.yaml: 1 problem\n  b\[0\].c \(line 3\): is wrong"),
        document.naming_lines(),
    ):
        raise PolicyError("policy", [Problem("b[0].c", "is wrong")])


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (None, "nothing"),
        ([], "a list"),
        ({}, "a mapping without them"),
        ("x", "text"),
        (1, "a single value"),
        ({"c": "x"}, "a mapping"),
    ],
)
def test_a_file_of_another_kind_is_not_quoted(document, found):
    """Only what was expected is said."""
    problem = expect_fields(document, ("a", "b"))
    assert problem is not None
    assert problem.what.startswith(f"expected a file with a or b, found {found}")
    assert expect_fields({"b": 1, "secret": 2}, ("a", "b")) is None
