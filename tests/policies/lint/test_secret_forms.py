"""Telling secrets in environment variables from what only sounds like one. The secrets here are made up."""

import pytest

from policies.lint.secret_forms import looks_secret

HELD = [
    ("DB_PASSWORD", "correct horse"),
    ("HF_TOKEN", "abcdefgh"),
    ("api-key", "abcdefgh"),
    ("openaiApiKey", "abcdefgh"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIEXAMPLEKEY"),
    ("AWS_ACCESS_KEY_ID", "something"),
    ("SERVICE_CREDENTIALS", '{"user": "a"}'),
    ("ANY", "AKIAIOSFODNN7EXAMPLE"),
    ("ANY", "hf_" + "a" * 34),
    ("ANY", "ghp_" + "a" * 36),
    ("ANY", "-----BEGIN RSA PRIVATE KEY-----"),
    ("ANY", "https://user:pass@host/path"),
    ("ANY", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc"),
]
HARMLESS = [
    ("MAX_INPUT_TOKENS", "2048"),
    ("MAX_TOKEN", "2048"),
    ("TOKENIZER", "bert"),
    ("SECRET_NAME", "fraud/db"),
    ("DB_PASSWORD_ARN", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"),
    ("DB_PASSWORD", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"),
    ("DB_PASSWORD", "{{resolve:secretsmanager:db}}"),
    ("TOKEN_FILE", "/opt/token"),
    ("USE_API_KEY", "true"),
    ("API_KEY", ""),
    ("PRIMARY_KEY_COLUMN", "id"),
    ("KEYBOARD", "qwertz"),
    ("MODEL_URL", "https://host/path@v1"),
    ("DB_PASSWORD", 5),
]


@pytest.mark.parametrize(("name", "value"), HELD)
def test_secrets_are_told_without_being_repeated(name, value):
    """A secret is known by its name or its form, and what is told does not hold it."""
    told = looks_secret(name, value)

    assert told
    assert value not in told


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_what_leads_to_a_secret_or_only_sounds_like_one_is_left_alone(name, value):
    """References, counts and switches are no secrets."""
    assert looks_secret(name, value) == ""
