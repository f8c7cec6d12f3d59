"""Where secrets come from, how two of them hold at a time, and what a user is told who set them up wrong."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from policies.errors import TransientAwsError
from rollway.aws.secrets import read_secrets
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud
from rollway.secrets import Secrets, SecretsError
from rollway.webhooks.doors import SECRETS

OLD, NEW, NEWER = "the-old-secret-0123", "the-new-secret-0123", "the-newer-secret-0123"


@pytest.fixture
def stored(aws: Aws, cloud: Cloud) -> Callable[..., Secrets]:
    """Read the secrets, on an empty simulated account."""
    del cloud
    return lambda: Secrets(SECRETS, partial(read_secrets, aws))


def test_the_environment_may_have_two(stored: Callable[[], Secrets], monkeypatch: pytest.MonkeyPatch) -> None:
    """Both secrets hold while a sender is moved from one to the other; senders without any have none."""
    monkeypatch.setenv("ROLLWAY_MLFLOW_SECRET", NEW)
    monkeypatch.setenv("ROLLWAY_MLFLOW_SECRET_2", OLD)

    assert stored().of("mlflow") == (NEW, OLD)
    assert stored().of("generic") == ()


def test_a_file_is_read_again(
    stored: Callable[[], Secrets], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: Callable[[], list[str]]
) -> None:
    """A mounted file is followed: one secret a line; while it is gone, what it said before holds and the log says so."""
    file = tmp_path / "secret"
    file.write_text(f"{OLD}\n", "utf-8")
    monkeypatch.setenv("ROLLWAY_GENERIC_SECRET_FILE", str(file))
    secrets = stored()
    seen = [secrets.of("generic")]

    file.write_text(f"{NEW}\n\n{OLD}\n", "utf-8")
    assert secrets.refresh() == ()
    seen.append(secrets.of("generic"))
    file.unlink()
    assert [problem.where for problem in secrets.refresh()] == ["ROLLWAY_GENERIC_SECRET_FILE"]

    assert seen == [(OLD,), (NEW, OLD)]
    assert secrets.of("generic") == (NEW, OLD)
    assert len(lines()) == 1


def test_secrets_manager_has_the_one_before_as_well(
    aws: Aws, stored: Callable[[], Secrets], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rotation in Secrets Manager is followed, and the previous secret holds until the next one."""
    arn = "mlflow" if stored() is None else aws.secretsmanager.create_secret(Name="mlflow", SecretString=OLD)["ARN"]
    monkeypatch.setenv("ROLLWAY_MLFLOW_SECRET_ARN", arn)
    secrets = stored()
    seen = [secrets.of("mlflow")]
    for secret in (NEW, NEWER):
        aws.secretsmanager.put_secret_value(SecretId=arn, SecretString=secret)
        secrets.refresh()
        seen.append(secrets.of("mlflow"))

    assert seen == [(OLD,), (NEW, OLD), (NEWER, NEW)]


def test_a_store_of_secrets_that_is_away_shuts_no_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """While Secrets Manager does not answer, the secrets that were read last hold."""
    answers = [(NEW, OLD)]

    def read(_arn: str) -> tuple[str, ...]:
        if not answers:
            raise TransientAwsError("no answer", operation="GetSecretValue")
        return answers.pop()

    monkeypatch.setenv("ROLLWAY_MLFLOW_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mlflow")
    secrets = Secrets(SECRETS, read)

    assert len(secrets.refresh()) == 1
    assert secrets.of("mlflow") == (NEW, OLD)


def test_every_mistake_is_told_at_once_and_no_secret_with_it(
    stored: Callable[[], Secrets], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too short, not for a header, given twice, not there: all at once, each by its variable, before anything is served."""
    monkeypatch.setenv("ROLLWAY_MLFLOW_SECRET", "hunter2")
    monkeypatch.setenv("ROLLWAY_HUGGINGFACE_SECRET", "geheimniskrämer-und-co")
    monkeypatch.setenv("ROLLWAY_WANDB_SECRET", NEW)
    monkeypatch.setenv("ROLLWAY_WANDB_SECRET_FILE", "/nowhere")
    monkeypatch.setenv("ROLLWAY_GENERIC_SECRET_FILE", "/nowhere")
    monkeypatch.setenv("ROLLWAY_EVENTBRIDGE_SECRET_ARN", "no-such-secret")

    with pytest.raises(SecretsError) as caught:
        stored()

    assert sorted(problem.where for problem in caught.value.problems) == [
        "ROLLWAY_EVENTBRIDGE_SECRET_ARN",
        "ROLLWAY_GENERIC_SECRET_FILE",
        "ROLLWAY_HUGGINGFACE_SECRET",
        "ROLLWAY_MLFLOW_SECRET",
        "ROLLWAY_WANDB_SECRET",
    ]
    assert "hunter2" not in str(caught.value)
    assert "krämer" not in str(caught.value)


@pytest.mark.parametrize("sender", SECRETS)
@pytest.mark.parametrize(
    "secret",
    [
        "whsec_geheimniskrämer",
        "geheimniskrämer-und-co",
        "a secret with spaces",
        "a-secret-\udcff-of-no-encoding",
        "tab\tin-a-secret-0123",
    ],
)
def test_a_secret_that_no_header_can_have_is_refused_at_the_start(
    stored: Callable[[], Secrets], monkeypatch: pytest.MonkeyPatch, sender: str, secret: str
) -> None:
    """For every sender, and for links: what is wrong, by its variable, without the secret, and how to make another."""
    variable = f"ROLLWAY_{sender.upper()}_SECRET"
    monkeypatch.setenv(variable, secret)

    with pytest.raises(SecretsError) as caught:
        stored()

    (problem,) = caught.value.problems
    assert problem.where == variable
    assert "printable ASCII" in problem.what
    assert "token_urlsafe" in problem.remedy
    assert secret not in str(caught.value)
