"""What README.md and docs/ show as a file's content really is accepted by what reads such files."""

import re
import textwrap
from pathlib import Path

import yaml

from policies.answers.capture import read_capture
from policies.endpoint_config import EndpointConfig
from policies.loading import parse_policy
from policies.notices.notice import Event
from policies.notices.spec import NotifySpec
from rollway.notices.loading import parse_notifications
from rollway.sandbox.settings import load_settings

ROOT = Path(__file__).parents[2]
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_policy_in_the_readme_is_one():
    """The README's example policy passes validation."""
    (block,) = YAML.findall((ROOT / "README.md").read_text("utf-8"))

    policy = parse_policy(yaml.safe_load(block), "README.md")

    assert [stage.share for stage in policy.stages] == [5, 25, 95]


def test_the_policies_about_answers_are_some():
    """The page on a shadow's answers shows a policy, and names a file with a longer one; both pass validation."""
    page = (ROOT / "docs" / "how-to" / "compare-a-shadows-answers.md").read_text("utf-8")
    shown, blueprint = map(yaml.safe_load, YAML.findall(page))
    example = yaml.safe_load((ROOT / "examples" / "shadow-answers.yaml").read_text("utf-8"))

    assert all(parse_policy(each).agreement for each in (shown, example))
    capture = read_capture(EndpointConfig(name="shown", fields=blueprint["config"]))
    assert (capture.on, capture.sampled, len(capture.modes)) == (True, 1.0, 2)


def test_the_settings_in_the_sandbox_page_are_some(tmp_path):
    """The sandbox page's example settings are read, every fault among them."""
    blocks = YAML.findall((ROOT / "docs" / "sandbox.md").read_text("utf-8"))
    (block,) = (each for each in blocks if "faults:" in each)
    file = tmp_path / "sandbox.yaml"
    file.write_text(block, "utf-8")

    settings = load_settings(file)

    assert len(settings.faults) == 9
    assert settings.seed == 7


def test_the_files_in_the_page_about_notifications_are_some(monkeypatch):
    """The page's routes are accepted, its policy field is one, and its table of events is complete."""
    for name in ("PAGERDUTY_KEY", "PAGERDUTY_API_KEY"):
        monkeypatch.setenv(name, "x" * 32)
    monkeypatch.setenv("SLACK_ADDRESS", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    page = (ROOT / "docs" / "how-to" / "get-told.md").read_text("utf-8")
    routes, policy = (yaml.safe_load(textwrap.dedent(block)) for block in YAML.findall(page))

    assert [route.name for route in parse_notifications(routes).routes] == ["team", "on-call"]
    assert NotifySpec.model_validate(policy["notify"]).at_least == "warning"
    assert [event for event in Event if f"`{event}`" not in page] == []


def test_the_model_in_the_sandbox_page_answers():
    """The sandbox page's example model loads and answers a request."""
    (block,) = PYTHON.findall((ROOT / "docs" / "sandbox.md").read_text("utf-8"))
    module: dict = {}
    exec(block, module)  # noqa: S102 - a page of our own

    assert module["load"]({})(b"", "text/csv") == b'{"ok": true}'
