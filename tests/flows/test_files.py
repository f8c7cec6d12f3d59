"""A form names files below one folder of the worker, and no other."""

from pathlib import Path

import pytest

from policies.errors import PolicyError, RolloutError
from policies.loading import load_policy
from tasks.files import FOLDER, find_file, find_policy


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the worker, with a policy in it and a secret beside it."""
    inside = tmp_path / "inside"
    (inside / "deep").mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text("strategy: canary\n")
    (inside / "deep" / "policy.yaml").write_text("strategy: canary\n")
    (inside / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (inside / "deep" / "up").symlink_to(tmp_path)
    (inside / "own.yaml").symlink_to(inside / "deep" / "policy.yaml")
    (inside / "circle").symlink_to(inside / "circle")
    monkeypatch.setenv(FOLDER, str(inside))
    return inside


@pytest.mark.parametrize("given", ["deep/policy.yaml", "deep/../own.yaml", "{inside}/deep/policy.yaml", "none.yaml"])
def test_files_below_the_folder_are_found(folder: Path, given: str) -> None:
    """Relative paths begin in the folder; links within it are followed, and a file need not be there yet."""
    found = find_file(given.format(inside=folder))
    assert Path(found) == (folder / given.format(inside=folder)).resolve()
    assert find_policy(given.format(inside=folder)) == found


@pytest.mark.parametrize(
    "given",
    [
        "../secret.yaml", "deep/../../secret.yaml", "{inside}/../secret.yaml", "/etc/passwd", "link.yaml", "deep/up/secret.yaml",
        "~/.aws/credentials/../../../../../../../../etc/passwd", "s3://bucket/policy.yaml", "file:///etc/passwd", "https://example.org/p",
        "a\0b", "{inside}-beside/x", "../../canary",
    ],
)  # fmt: skip
def test_nothing_else_is_read(folder: Path, given: str) -> None:
    """Neither ``..``, nor an absolute path, nor a symbolic link, nor an address leads out of the folder."""
    for find in (find_file, find_policy):
        with pytest.raises(RolloutError) as caught:
            find(given.format(inside=folder))
        assert FOLDER in caught.value.hint


def test_shipped_policies_need_no_file(folder: Path) -> None:
    """A policy that ships with Rollway is named, wherever the folder is."""
    del folder
    assert find_policy("canary") == "canary"


def test_by_default_it_is_where_the_flow_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable the folder is that of the process."""
    monkeypatch.delenv(FOLDER)
    monkeypatch.chdir(folder / "deep")
    assert find_file("policy.yaml") == str(folder / "deep" / "policy.yaml")
    with pytest.raises(RolloutError, match="does not lie below"):
        find_file("../../secret.yaml")


def test_a_policy_is_the_one_whose_name_was_checked(folder: Path) -> None:
    """A name without its ending does not lead to the file with it, which may be a link that leads out."""
    (folder / "x.yaml").symlink_to(folder.parent / "secret.yaml")

    with pytest.raises(PolicyError, match="No such file"):
        load_policy(find_policy("x"))
