"""``rollway validate``: every problem of every policy, and nothing but reading files."""

import json

from rollway.cli import main
from tests.cli.playing import QUICK


def test_policies_that_are_good(capsys, policy_file):
    """Good policies exit 0, each with its name, digest and ladder."""
    assert main(["validate", "canary", policy_file()]) == 0

    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("✓ canary@")
    assert "5 % → 25 % → 50 % → 95 %, at least 1h13m" in first
    assert second.startswith("✓ policy@")


def test_every_problem_of_every_policy(capsys, policy_file):
    """Several mistakes in several files are told in one go, each with its path, in both forms."""
    bad = policy_file(stages=[{"share": 50, "bake": 10}, {"share": 20, "bake": "2m"}], deadline="soon")

    code_json, as_json = main(["validate", bad, "nowhere", "canary", "--output", "json"]), capsys.readouterr().out
    code_text, as_text = main(["validate", bad, "nowhere", "canary"]), capsys.readouterr().out

    assert code_json == code_text == 2
    document = json.loads(as_json)
    assert document["valid"] is False
    assert [each["valid"] for each in document["policies"]] == [False, False, True]
    wheres = [problem["where"] for problem in document["policies"][0]["problems"]]
    assert wheres == ["stages[0].bake", "deadline", "stages[1].share"]
    for part in (*wheres, "3 problems", "(file)", "✓ canary@"):
        assert part in as_text


def test_the_document_of_a_good_policy(capsys, policy_file):
    """The document names what a policy holds."""
    main(["validate", policy_file(), "--output", "json"])

    (checked,) = json.loads(capsys.readouterr().out)["policies"]
    assert checked["shares"] == [50.0]
    assert checked["gates"] == list(QUICK["gates"])
    assert checked["least_duration_s"] == 240
