"""The translation of AWS's errors: AWS's own codes and words on one side, the taxonomy on the other."""

from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from policies import errors
from rollway.aws.errors import WORDS_LIMIT, ConfigNotFound, ObjectChanged, translating

ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint"


def refusal(code: str, message: str = "", status: int = 400) -> boto.ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"RequestId": "req-1", "HTTPStatusCode": status},
    }
    return boto.ClientError(answer, "UpdateEndpoint")


def translate(error: Exception) -> errors.AwsError:
    with pytest.raises(errors.AwsError) as caught, translating("UpdateEndpoint", "endpoint fraud-prod"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "InvalidSignatureException",
            "Signature expired: 20261201T020000Z is now earlier than 20261201T020500Z (5 min.)",
        ),
        (
            "InvalidSignatureException",
            "Signature not yet current: 20261201T031000Z is still later than 20261201T030500Z",
        ),
        ("SignatureDoesNotMatch", "Signature expired: 20261201T020000Z is now earlier than 20261201T020500Z"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    ],
)
def test_a_wrong_clock_is_named(code: str, message: str) -> None:
    """Requests are signed by the local clock and does not correct it; who reads the error must not look for a missing permission."""
    error = translate(refusal(code, message, 403))
    assert isinstance(error, errors.AccessDenied)
    assert "clock" in error.hint


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("ValidationException", f'Cannot update in-progress endpoint "{ARN}/fraud-prod".', errors.EndpointBusy),
        ("ValidationException", f'Could not find endpoint "{ARN}/fraud-prod".', errors.NotFound),
        ("ValidationException", f'Could not find endpoint configuration "{ARN}-config/c".', ConfigNotFound),
        ("ValidationException", 'Could not find model "m".', errors.NotFound),
        ("ValidationException", 'Cannot create already existing endpoint configuration "c".', errors.AlreadyExists),
        ("ValidationException", "1 validation error detected", errors.PermanentAwsError),
        ("ThrottlingException", "Rate exceeded", errors.Throttled),
        ("Throttling", "Rate exceeded", errors.Throttled),
        ("SlowDown", "Please reduce your request rate.", errors.Throttled),
        ("AccessDeniedException", "User: u is not authorized to perform: a", errors.AccessDenied),
        ("AccessDenied", "Access Denied", errors.AccessDenied),
        ("ExpiredTokenException", "The security token included in the request is expired", errors.CredentialsExpired),
        ("ExpiredToken", "The provided token has expired.", errors.CredentialsExpired),
        ("RequestExpired", "Request has expired.", errors.CredentialsExpired),
        ("UnrecognizedClientException", "The security token is invalid", errors.AccessDenied),
        ("ResourceLimitExceeded", "The account-level service limit is 0 Instances", errors.QuotaExceeded),
        ("NoSuchKey", "The specified key does not exist.", errors.NotFound),
        ("NoSuchBucket", "The specified bucket does not exist", errors.NotFound),
        ("PreconditionFailed", "At least one of the pre-conditions did not hold", ObjectChanged),
        ("ResourceNotFoundException", "Schedule s does not exist.", errors.NotFound),
        ("ConflictException", "Schedule s already exists.", errors.TransientAwsError),
        ("ConcurrentUpdateException", "Concurrent updates", errors.TransientAwsError),
        ("ConditionalRequestConflict", "A conflicting operation is in progress", errors.TransientAwsError),
        ("SomethingNew", "Never seen before", errors.PermanentAwsError),
    ],
)
def test_codes_and_words(code: str, message: str, kind: type[errors.AwsError]) -> None:
    """Each of AWS's refusals becomes exactly the class that says what to do about it."""
    translated = translate(refusal(code, message))
    assert type(translated) is kind
    assert translated.aws_code == code


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, errors.AccessDenied),
        (404, errors.NotFound),
        (429, errors.Throttled),
        (500, errors.TransientAwsError),
        (501, errors.PermanentAwsError),
        (503, errors.TransientAwsError),
    ],
)
def test_status_decides_where_the_code_is_unknown(status: int, kind: type[errors.AwsError]) -> None:
    """An answer without a known code is classified by its HTTP status."""
    assert type(translate(refusal("Unheard", status=status))) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (boto.NoCredentialsError(), errors.AccessDenied),
        (boto.ProfileNotFound(profile="p"), errors.AccessDenied),
        (boto.TokenRetrievalError(provider="sso", error_msg="expired"), errors.CredentialsExpired),
        (boto.UnauthorizedSSOTokenError(), errors.CredentialsExpired),
        (boto.CredentialRetrievalError(provider="iam-role", error_msg="no answer"), errors.CredentialsExpired),
        (boto.EndpointConnectionError(endpoint_url="https://sagemaker"), errors.TransientAwsError),
        (boto.ReadTimeoutError(endpoint_url="https://sagemaker"), errors.TransientAwsError),
        (boto.ConnectionClosedError(endpoint_url="https://sagemaker"), errors.TransientAwsError),
        (boto.FlexibleChecksumError(error_msg="Expected checksum"), errors.TransientAwsError),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), errors.TransientAwsError),
        (ResponseParserError("<html>"), errors.TransientAwsError),
        (boto.NoRegionError(), errors.PermanentAwsError),
        (boto.ParamValidationError(report="Missing parameter"), errors.PermanentAwsError),
    ],
)
def test_local_errors(error: Exception, kind: type[errors.AwsError]) -> None:
    """No botocore exception that arises on this machine leaves the package."""
    assert type(translate(error)) is kind


def test_message_tells_all_a_person_needs() -> None:
    """A message names the operation, the resource, AWS's own words and the request's id."""
    translated = translate(refusal("ResourceLimitExceeded", "The limit is 0 Instances"))
    assert str(translated) == (
        "AWS turned down UpdateEndpoint on endpoint fraud-prod: The limit is 0 Instances "
        "(ResourceLimitExceeded, request req-1)"
    )
    assert (translated.operation, translated.request_id) == ("UpdateEndpoint", "req-1")
    assert "quota" in translated.hint


def test_long_words_are_cut() -> None:
    """AWS repeating a whole request does not flood the journal."""
    translated = translate(refusal("ValidationException", "x" * 10_000))
    assert len(str(translated)) < WORDS_LIMIT + 150


def test_expired_and_forbidden_get_different_hints() -> None:
    """Signing in again is advised for expired credentials, a permission for a forbidden action."""
    assert "sso login" in translate(refusal("ExpiredToken")).hint
    assert "sso login" not in translate(refusal("AccessDeniedException")).hint
