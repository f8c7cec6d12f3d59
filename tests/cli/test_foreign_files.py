"""A file of another kind, given by mistake, is refused by what was expected; nothing in it is shown, by whichever verb."""

from collections.abc import Callable
from pathlib import Path

import pytest

from policies.errors import RolloutError
from policies.loading import load_policy
from rollway.cli import main
from rollway.cli.setting_up.deployments_file import read_deployments
from rollway.notices.loading import load_notifications
from rollway.reports.prices import read_prices
from tests.foreign_files import FOREIGN, pieces

VERBS = {
    "validate": ["validate", "{}"],
    "plan": ["plan", "e", "--model", "m", "--policy", "{}"],
    "run": ["run", "e", "--model", "m", "--policy", "{}", "--journal", "s3://b/p", "--no-prefect"],
    "notifications of a run": ["run", "e", "--model", "m", "--policy", "canary", "--journal", "s3://b/p", "--notifications", "{}"],
    "judge by it": ["judge", "{}", "observations.csv"],
    "judge it": ["judge", "canary", "{csv}"],
    "judge it as parquet": ["judge", "canary", "{parquet}"],
    "backtest": ["backtest", "canary", "{csv}"],
    "forecast": ["forecast", "--policy", "{}", "--requests", "10/s"],
    "replay": ["replay", "{}"],
    "fleet": ["fleet", "plan", "{}"],
    "bindings": ["bindings", "check", "{}"],
    "notify": ["notify", "check", "--notifications", "{}"],
    "sandbox": ["sandbox", "--settings", "{}"],
}  # fmt: skip


def write(folder: Path, content: str, ending: str) -> Path:
    path = folder / f"given.{ending}"
    path.write_text(content, "utf-8")
    return path


@pytest.mark.parametrize("output", [[], ["--output", "json"]], ids=["text", "json"])
@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_shows_what_is_in_a_foreign_file(verb, output, tmp_path, capfd, monkeypatch):
    """Whatever is given to a verb that reads files, neither its output nor its log has a piece of a secret, and it is refused."""
    monkeypatch.chdir(tmp_path)
    for name, content in FOREIGN.items():
        paths = {each: str(write(tmp_path, content, each)) for each in ("yaml", "json", "csv", "parquet")}
        for given in ("yaml", "json"):
            words = [each.format(paths[given], **paths) for each in VERBS[verb]]
            code = main([*words, *(output if verb not in {"sandbox", "notify"} else [])])
            out, err = capfd.readouterr()

            assert [piece for piece in pieces() if piece in out + err] == [], name
            assert code == 2, (name, out, err)


@pytest.mark.parametrize("name", FOREIGN)
def test_files_that_other_files_name_are_not_shown_either(name, tmp_path):
    """The calendar of a policy, the policy of a fleet or binding, and files that the environment names."""
    given = write(tmp_path, FOREIGN[name], "txt")
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"strategy: canary\nstages: [{{share: 5, bake: 10m}}]\nwindows: {{holidays: {given.name}}}\n")
    readers: dict[str, Callable[[], object]] = {
        "calendar": lambda: load_policy(policy),
        "notifications": lambda: load_notifications(given),
        "prices": read_prices,
        "deployments": lambda: read_deployments(given),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROLLWAY_PRICES", str(given))
        for reader, read in readers.items():
            with pytest.raises(RolloutError) as caught:
                read()
            shown = f"{caught.value}\n{caught.value.hint}"
            assert [piece for piece in pieces() if piece in shown] == [], reader
