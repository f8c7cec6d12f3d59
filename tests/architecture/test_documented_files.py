"""What README.md and docs/ show as a file's content really is accepted by what reads such files."""

import re
from pathlib import Path

import yaml

from policies.answers.capture import read_capture
from policies.endpoint_config import EndpointConfig
from policies.loading import parse_policy
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
    (block,) = YAML.findall((ROOT / "docs" / "sandbox.md").read_text("utf-8"))
    file = tmp_path / "sandbox.yaml"
    file.write_text(block, "utf-8")

    settings = load_settings(file)

    assert len(settings.faults) == 9
    assert settings.seed == 7


def test_the_model_in_the_sandbox_page_answers():
    """The sandbox page's example model loads and answers a request."""
    (block,) = PYTHON.findall((ROOT / "docs" / "sandbox.md").read_text("utf-8"))
    module: dict = {}
    exec(block, module)  # noqa: S102 - a page of our own

    assert module["load"]({})(b"", "text/csv") == b'{"ok": true}'
