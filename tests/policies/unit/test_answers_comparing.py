"""Whether two answers agree: by value, to a tolerance, by label, in the part that counts."""

import base64
from typing import Any, TypeAlias

import pytest

from policies.answers.comparing import agree
from policies.answers.reading import read_answer
from policies.gates.spec import Agreement

Verdict: TypeAlias = bool | None

NUMBERS = [
    ('{"score": 0.5}', '{"score": 0.5000001}', True),
    ('{"score": 0.5}', '{"score": 0.50001}', False),
    ('{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}', True),
    ("[1, 2]", "[2, 1]", False),
    ('{"a": {"b": [{"c": 1.0}]}}', '{"a": {"b": [{"c": 1}]}}', True),
    ('{"a": 1}', '{"a": 1, "b": 2}', False),
    ('{"a": null}', "{}", False),
    ('{"a": true}', '{"a": 1}', False),
    ('{"a": "1"}', '{"a": 1}', False),
    ('{"a": "caf\\u00e9"}', '{"a": "café"}', True),
    ('{"a": "café"}', '{"a": "cafe\u0301"}', False),
    ('{"a": "日本"}', '{"a": "日本"}', True),
    ("NaN", "NaN", True),
    ("NaN", "0", False),
    ("Infinity", "Infinity", True),
    ("Infinity", "-Infinity", False),
    ("Infinity", "1e308", False),
    ("1e999", "1e998", False),
    ("0", "-0.0", True),
    ("0", "1e-9", False),
    ("100000000", "100000001", True),
    ("1" + "0" * 400, "1" + "0" * 399 + "1", False),
    ("0.025", "0.0250000001", True),
    ("0.1,0.9\n", "0.1000000001, 0.9", True),
    ("0.1,0.9", "0.1,0.8", False),
    ("0.1,0.9", "0.1,0.9,0.0", False),
    ("0.1\n0.9", "0.1\n0.9000000001\n", True),
    ("1,cat\n2,dog", "1.0,cat\n2,dog", True),
    ('{"a": 1}\n{"a": 2}', '{"a":1.0000000001}\n{"a":2}\n', True),
    ("not json", "not json", True),
    ("not json", '"not json"', True),
    ("", "", True),
    ("", "0", False),
    ("[" * 5000 + "]" * 5000, "[" * 5000 + "]" * 5000, True),
]


def judged(left: str, right: str, **fields: Any) -> bool | None:
    rule = Agreement.model_validate({"agree_at_least": "99%"} | fields)
    return agree(read_answer(left, "JSON"), read_answer(right, "JSON"), rule)


@pytest.mark.parametrize(("left", "right", "agrees"), NUMBERS)
def test_answers_agree_by_value_to_a_tolerance(left: str, right: str, agrees: Verdict) -> None:
    """Spelling, key order and a millionth never matter; structure, kind and everything more always do."""
    assert judged(left, right) is agrees


@pytest.mark.parametrize(
    ("left", "right", "agrees"),
    [
        ('{"a": 1.0}', '{"a": 1}', True),
        ("0.5", "0.5000000001", False),
        ("0.1,0.9", "0.1,0.9", True),
        ("0.1,0.9", "0.10,0.9", False),
        ("NaN", "NaN", True),
    ],
)
def test_exact_tolerates_nothing(left: str, right: str, agrees: Verdict) -> None:
    """An exact comparison is by value in JSON and by the cell's text in CSV."""
    assert judged(left, right, compare="exact") is agrees


@pytest.mark.parametrize(
    ("left", "right", "agrees"),
    [
        ("[0.1, 0.7, 0.2]", "[0.3, 0.4, 0.3]", True),
        ("[0.1, 0.7, 0.2]", "[0.5, 0.4, 0.1]", False),
        ("0.1,0.7,0.2", "0.3,0.4,0.3", True),
        ("0.1,0.9\n0.8,0.2", "0.4,0.6\n0.7,0.3", True),
        ("0.1,0.9\n0.8,0.2", "0.4,0.6\n0.3,0.7", False),
        ('{"cat": 0.9, "dog": 0.1}', '{"dog": 0.4, "cat": 0.6}', True),
        ('{"cat": 0.9, "dog": 0.1}', '{"dog": 0.6, "cat": 0.4}', False),
        ('[{"label": "A", "score": 1}]', '[{"label": "A", "score": 1}]', True),
        ('["cat", "dog"]', '["cat", "dog"]', True),
        ('["cat", "dog"]', '["dog", "cat"]', False),
        ("positive", "positive\n", True),
        ("positive", "negative", False),
        ("1\n0\n1", "1\n0\n1", True),
        ("1\n0\n1", "1\n1\n0", False),
        ("7", "7.0", True),
        ("[0.5, 0.5]", "[0.6, 0.4]", True),
        ("[NaN, 0.5]", "[0.1, 0.5]", False),
        ("[NaN, 0.5]", "[NaN, 0.5]", None),
    ],
)
def test_labels_are_compared_and_scores_are_not(left: str, right: str, agrees: Verdict) -> None:
    """Scores may move as long as the same label is on top; scores that are no numbers have no label to compare."""
    assert judged(left, right, compare="label") is agrees


@pytest.mark.parametrize(
    ("left", "right", "path", "agrees"),
    [
        ('{"score": 1, "took_ms": 3}', '{"score": 1, "took_ms": 9}', "/score", True),
        ('{"p": [{"score": 1}]}', '{"p": [{"score": 2}]}', "/p/0/score", False),
        ('{"a/b": {"~": 1}}', '{"a/b": {"~": 1, "x": 2}}', "/a~1b/~0", True),
        ("1,cat\n2,dog", "9,cat\n2,cow", "/0/1", True),
        ("1,cat\n2,dog", "9,cat\n2,cow", "/1/1", False),
        ('{"score": 1}', '{"points": 1}', "/score", False),
        ('{"points": 1}', '{"points": 1}', "/score", None),
        ('{"a": [1]}', '{"a": [1]}', "/a/01", None),
        ('{"a": [1]}', '{"a": [1]}', "/a/-1", None),
        ("no json", "no json", "/score", None),
        ('{"score": null}', '{"score": null}', "/score", True),
    ],
)
def test_only_the_named_part_counts(left: str, right: str, path: str, agrees: Verdict) -> None:
    """A pointer narrows the comparison; a part that one answer lacks differs, and one that both lack is nothing to compare."""
    assert judged(left, right, path=path) is agrees


@pytest.mark.parametrize(
    ("tolerance", "agrees"),
    [(0.01, True), ("1e-2", True), ({"absolute": 0.5}, True), ({"relative": 0}, False), (1e-3, False)],
)
def test_the_policy_says_how_close_is_close(tolerance: object, agrees: Verdict) -> None:
    """A bare number is a relative tolerance, also where YAML took it for a text; the wider of both counts."""
    assert judged("100", "100.4", tolerance=tolerance) is agrees


def test_base64_holds_what_other_encodings_do() -> None:
    """Data capture writes types that it was not told of in Base64; what is in it is read all the same, and bytes are compared as bytes."""
    rule = Agreement.model_validate({"agree_at_least": "99%"})
    packed = base64.b64encode(b'{"a": 1}').decode()
    image, other = (base64.b64encode(bytes([0xFF, last])).decode() for last in (1, 2))

    assert agree(read_answer(packed, "BASE64"), read_answer('{"a": 1.0}', "JSON"), rule)
    assert agree(read_answer(image, "BASE64"), read_answer(image, "BASE64"), rule)
    assert agree(read_answer(image, "BASE64"), read_answer(other, "BASE64"), rule) is False
    assert read_answer("not base64!", "BASE64") == "not base64!"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [("é", "BASE64"), ("ınf,1", "CSV"), ("[1" + "0" * 400 + ",2]", "JSON")],
    ids=["Base64 that is none", "infinity in Turkish", "a whole number beyond every float"],
)
def test_no_answer_is_an_error_of_ours(data: str, encoding: str) -> None:
    """Whatever was captured is compared: a text that is nothing else is its own label."""
    rule = Agreement.model_validate({"agree_at_least": "99%", "compare": "label"})
    answer = read_answer(data, encoding)

    assert agree(answer, read_answer(data, encoding), rule) is True
    assert agree(answer, read_answer("[3, 1]", "JSON"), rule) is False
