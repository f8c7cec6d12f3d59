"""The one translation of botocore's errors into Rollway's taxonomy.

SageMaker has hardly any error codes of its own: "not found", "exists already" and "busy" are all a
``ValidationException``, told apart by AWS's words alone. Nothing here retries: botocore's standard mode and the Prefect
task do.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from policies.errors import (
    AccessDenied,
    AlreadyExists,
    AwsError,
    CredentialsExpired,
    EndpointBusy,
    NotFound,
    PermanentAwsError,
    Problem,
    QuotaExceeded,
    Throttled,
    TransientAwsError,
)

WORDS_LIMIT: Final = 300
"""How many characters of AWS's own message are kept: some of its messages repeat the whole request."""

SIGN_IN_HINT: Final = (
    "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in again (aws sso login)."
)
REGION_HINT: Final = "Give --region, or set AWS_DEFAULT_REGION."
_CLOCK_HINT: Final = (
    "Set this machine's clock (NTP): AWS takes no request that is signed more than five minutes away from its own time."
)
_PERMISSION_HINT: Final = "Allow this action for the role or user that Rollway runs as."
_MISSING_HINT: Final = "Check the name, the account and the Region."
_DELETED_CONFIG_HINT: Final = (
    "It was there when this rollout last needed it, so somebody has deleted it since: see DeleteEndpointConfig in CloudTrail. Rollway goes "
    "back to the baseline, and creates the configurations that this needs again."
)
_DELETED_HINT: Final = "It was there when this rollout began, so somebody has deleted it since: see CloudTrail."
_CHECKED_BEFORE: Final = frozenset(
    {
        "CreateEndpointConfig",
        "DescribeEndpoint",
        "DescribeEndpointConfig",
        "UpdateEndpoint",
        "UpdateEndpointWeightsAndCapacities",
    }
)
"""Operations of a rollout whose endpoint, models and configurations were all found before it began, or made by it."""
_BUCKET_HINT: Final = "Create the bucket, or give another location for the journal."
_BUSY_HINT: Final = "Wait until the change in flight is over; SageMaker makes one change to an endpoint at a time."
_QUOTA_HINT: Final = "Ask for a higher quota in Service Quotas, or free capacity of this kind."
_THROTTLE_HINT: Final = "Look less often, or run fewer rollouts at once."
_NETWORK_HINT: Final = "Check the network, the proxy and AWS_ENDPOINT_URL."


class ConfigNotFound(NotFound):
    """The endpoint configuration does not exist, or AWS cannot see it yet: it was created seconds ago."""


class ObjectChanged(PermanentAwsError):
    """The stored object is not the one that was to be replaced: somebody else wrote or deleted it."""

    code = "object_changed"


def hint_under_way(error: AwsError) -> str:
    """Return what to do about a request of a rollout under way that AWS turned down.

    What is missing then was there before, so its name, account and Region are right.
    """
    if not isinstance(error, NotFound) or error.hint != _MISSING_HINT:
        return error.hint
    if isinstance(error, ConfigNotFound):
        return _DELETED_CONFIG_HINT
    return _DELETED_HINT if error.operation in _CHECKED_BEFORE else error.hint


class RequestTooLate(TransientAwsError):
    """A change that was not sent: this process no longer holds the lease, or its command took too long."""

    code = "request_too_late"


class InvalidRequest(PermanentAwsError):
    """A request outside the limits that AWS documents. It was not sent.

    Attributes:
        problems: everything that is wrong with it.
    """

    code = "invalid_request"

    def __init__(self, operation: str, problems: Sequence[Problem]) -> None:
        told = "; ".join(map(str, problems))
        super().__init__(
            f"{operation} was not sent, since it is outside the limits that AWS documents: {told}",
            operation=operation,
            hint="Where AWS has moved a limit since, upgrade botocore: the limits are read from it.",
        )
        self.problems = tuple(problems)


def is_about(error: AwsError, arn: str) -> bool:
    """Whether AWS's own words name this very resource. SageMaker writes the names in its ARNs in lower case."""
    return bool(arn) and arn.lower() in str(error).lower()


@dataclass(frozen=True)
class _Rule:
    """What one group of AWS's errors means; a rule without ``codes`` goes by AWS's words."""

    kind: type[AwsError]
    hint: str
    codes: frozenset[str] = frozenset({"ValidationException"})
    words: str = ""

    def fits(self, code: str, words: str) -> bool:
        return code in self.codes and self.words in words.lower()


_SIGNATURE_CODES: Final = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch"})

# The order matters: "could not find endpoint configuration" also begins with "could not find".
_RULES: Final = (
    _Rule(EndpointBusy, _BUSY_HINT, words="cannot update in-progress endpoint"),
    _Rule(ConfigNotFound, _MISSING_HINT, words="could not find endpoint configuration"),
    _Rule(NotFound, _MISSING_HINT, words="could not find"),
    _Rule(AlreadyExists, "Choose another name, or delete the old one.", words="cannot create already existing"),
    _Rule(
        Throttled,
        _THROTTLE_HINT,
        frozenset(
            {
                "LimitExceededException",
                "RequestLimitExceeded",
                "RequestThrottled",
                "RequestThrottledException",
                "SlowDown",
                "Throttling",
                "ThrottledException",
                "ThrottlingException",
                "TooManyRequestsException",
            },
        ),
    ),
    _Rule(AccessDenied, _CLOCK_HINT, frozenset({"RequestTimeTooSkewed"})),
    _Rule(AccessDenied, _CLOCK_HINT, _SIGNATURE_CODES, words="signature expired"),
    _Rule(AccessDenied, _CLOCK_HINT, _SIGNATURE_CODES, words="signature not yet current"),
    _Rule(CredentialsExpired, SIGN_IN_HINT, frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})),
    _Rule(
        AccessDenied,
        SIGN_IN_HINT,
        frozenset(
            {
                "InvalidAccessKeyId",
                "InvalidClientTokenId",
                "InvalidSignatureException",
                "InvalidToken",
                "MissingAuthenticationToken",
                "MissingAuthenticationTokenException",
                "SignatureDoesNotMatch",
                "UnrecognizedClientException",
            },
        ),
    ),
    _Rule(
        AccessDenied,
        _PERMISSION_HINT,
        frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"}),
    ),
    _Rule(QuotaExceeded, _QUOTA_HINT, frozenset({"ResourceLimitExceeded", "ServiceQuotaExceededException"})),
    _Rule(EndpointBusy, _BUSY_HINT, frozenset({"ResourceInUse"})),
    _Rule(
        NotFound,
        _MISSING_HINT,
        frozenset({"NoSuchKey", "ObjectNotFoundException", "ResourceNotFound", "ResourceNotFoundException"}),
    ),
    _Rule(NotFound, _BUCKET_HINT, frozenset({"NoSuchBucket"})),
    _Rule(ObjectChanged, "Read it again.", frozenset({"PreconditionFailed"})),
    _Rule(
        TransientAwsError,
        "",
        frozenset(
            {
                "ConcurrentUpdateException",
                "ConditionalRequestConflict",
                "ConflictException",
                "InternalFailure",
                "InternalServerError",
                "OperationAborted",
                "RequestTimeout",
                "RequestTimeoutException",
            },
        ),
    ),
)

_NO_CREDENTIALS: Final = (NoCredentialsError, PartialCredentialsError, ProfileNotFound)
_NOT_RENEWED: Final = (CredentialRetrievalError, SSOError, TokenRetrievalError)
"""Credentials that are known and could not be renewed: a session is over, or what hands them out does not answer."""
_NO_ANSWER: Final = (
    BotoConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)

_NOT_IMPLEMENTED: Final = 501
_SERVER_ERRORS: Final = 500
_BY_STATUS: Final[dict[int, tuple[type[AwsError], str]]] = {
    403: (AccessDenied, _PERMISSION_HINT),
    404: (NotFound, _MISSING_HINT),
    429: (Throttled, _THROTTLE_HINT),
    _NOT_IMPLEMENTED: (PermanentAwsError, ""),
}


@contextmanager
def translating(operation: str, resource: str) -> Generator[None]:
    """Turn what botocore raises inside the block into the taxonomy, with the original as its cause.

    Args:
        operation: the API operation, for example ``UpdateEndpoint``.
        resource: what it was asked of, for a person: ``endpoint fraud-prod``.

    Raises:
        AwsError: the subclass that says whether and how the request may be repeated.
    """
    try:
        yield
    except ClientError as error:
        raise _translate_refusal(error, operation, resource) from error
    except BotoCoreError as error:
        raise _translate_local(error, operation, resource) from error
    except ResponseParserError as error:
        message = f"{operation} on {resource}: AWS's answer cannot be read: {_shorten(str(error))}"
        raise TransientAwsError(message, operation=operation, hint=_NETWORK_HINT) from error


def _translate_refusal(error: ClientError, operation: str, resource: str) -> AwsError:
    """Translate an answer in which AWS turns the request down."""
    answer = error.response.get("Error", {})
    code, words = answer.get("Code", ""), answer.get("Message", "")
    metadata = error.response.get("ResponseMetadata", {})
    request_id = metadata.get("RequestId", "")
    kind, hint = _classify(code, words, metadata.get("HTTPStatusCode", 0))
    detail = ", ".join(part for part in (code, request_id and f"request {request_id}") if part)
    message = f"AWS turned down {operation} on {resource}: {_shorten(words) or 'no reason given'} ({detail})"
    return kind(message, operation=operation, aws_code=code, request_id=request_id, hint=hint)


def _classify(code: str, words: str, status: int) -> tuple[type[AwsError], str]:
    """Return the class and the hint for an error: by its code and words, else by its HTTP status."""
    for rule in _RULES:
        if rule.fits(code, words):
            return rule.kind, rule.hint
    fallback = TransientAwsError if status >= _SERVER_ERRORS else PermanentAwsError
    return _BY_STATUS.get(status, (fallback, ""))


def _translate_local(error: BotoCoreError, operation: str, resource: str) -> AwsError:
    """Translate an error that arose on this machine: no credentials, no network, a malformed request."""
    kind, hint = PermanentAwsError, ""
    if isinstance(error, _NO_CREDENTIALS):
        kind, hint = AccessDenied, SIGN_IN_HINT
    elif isinstance(error, _NOT_RENEWED):
        kind, hint = CredentialsExpired, SIGN_IN_HINT
    elif isinstance(error, NoRegionError):
        hint = REGION_HINT
    elif isinstance(error, _NO_ANSWER):
        kind, hint = TransientAwsError, _NETWORK_HINT
    message = f"{operation} on {resource} did not get an answer from AWS: {_shorten(str(error))}"
    return kind(message, operation=operation, aws_code=type(error).__name__, hint=hint)


def _shorten(words: str) -> str:
    """Return AWS's words as one line of bounded length."""
    line = " ".join(words.split())
    return line if len(line) <= WORDS_LIMIT else f"{line[: WORDS_LIMIT - 1]}…"
