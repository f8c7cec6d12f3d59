"""RW5: data capture. Whether requests and answers are kept, for how long, and who can get at them."""

from collections.abc import Callable, Iterator
from typing import Final

from policies.blueprint.document import Named, Path, Section
from policies.lint.rules import Check, Family, Found, Hit, Unchecked
from policies.lint.subject import Bucket, Missing, Subject, Unknown, split_location

CAPTURE: Final = Family("Data capture")

_BOTH_SIDES: Final = frozenset({"Input", "Output"})


def _while_on(check: Callable[[Section], Iterator[Hit]]) -> Check:
    """Apply a rule to the capture's configuration, where capture is on."""

    def over(subject: Subject) -> Found:
        if subject.captures:
            yield from check(subject.whole.section("DataCaptureConfig"))

    return over


def _on_bucket(check: Callable[[Path, str, Bucket], Found]) -> Check:
    """Apply a rule to the bucket that is captured to: where it is, the prefix in it, what is known of it."""

    def over(subject: Subject) -> Found:
        bucket, prefix = split_location(subject.whole.section("DataCaptureConfig").text("DestinationS3Uri"))
        if not subject.captures or not bucket:
            return
        path, found = ("Buckets", Named(bucket)), subject.capture_bucket
        if isinstance(found, Unknown):
            yield Unchecked(path, found)
        elif not isinstance(found, Missing):
            yield from check(path, prefix, found)

    return over


@CAPTURE.rule(
    "RW501",
    "warning",
    "Nothing is captured",
    why="Without captured requests a bad answer cannot be looked into, a drift of the inputs is not seen, and a new model cannot be tried "
    "on real traffic before it gets any.",
    remedy="Add DataCaptureConfig with EnableCapture: true; a few percent are enough.",
)
def capture_off(subject: Subject) -> Found:
    """Look for capture on endpoints with instances; serverless ones cannot capture."""
    if not subject.captures and any(not variant.has("ServerlessConfig") for variant in subject.variants):
        given = subject.whole.has("DataCaptureConfig")
        yield Hit(("DataCaptureConfig",), "EnableCapture is false" if given else "there is none")


@CAPTURE.rule(
    "RW502",
    "warning",
    "Captured data without a key of its own",
    why="Captured requests are your users' data. Under a KMS key its policy decides who can read them, whatever the bucket allows, and "
    "every reading is on record.",
    remedy="Set DataCaptureConfig.KmsKeyId, and let the execution role use that key.",
)
@_while_on
def capture_without_key(capture: Section) -> Iterator[Hit]:
    """Look for the key."""
    if not capture.text("KmsKeyId"):
        yield Hit(capture.at("KmsKeyId"), "there is none")


@CAPTURE.rule(
    "RW503",
    "warning",
    "Capture of 0 percent",
    why="Capture looks switched on, and keeps nothing.",
    remedy="Set InitialSamplingPercentage to the percentage that is meant, or EnableCapture: false.",
)
@_while_on
def sampling_zero(capture: Section) -> Iterator[Hit]:
    """Look at the percentage."""
    if capture.number("InitialSamplingPercentage") == 0:
        yield Hit(capture.at("InitialSamplingPercentage"), "capture is on, and takes 0 % of the requests")


@CAPTURE.rule(
    "RW504",
    "warning",
    "Captured data that is kept for ever",
    why="No lifecycle rule ends the captured objects, so they pile up: users' data for longer than its purpose, and a growing bill.",
    remedy="Add a lifecycle rule to the bucket that expires the capture's prefix.",
)
@_on_bucket
def no_lifecycle(path: Path, prefix: str, bucket: Bucket) -> Found:
    """Look for a lifecycle rule that covers the capture's prefix."""
    if isinstance(bucket.expiring, Unknown):
        yield Unchecked((*path, "Lifecycle"), bucket.expiring)
    elif not any(prefix.startswith(each) for each in bucket.expiring):
        yield Hit((*path, "Lifecycle"), f"no rule expires what is below {prefix or 'the top'}")


@CAPTURE.rule(
    "RW505",
    "error",
    "Captured data in a public bucket",
    why="Anybody can get at the captured requests and answers.",
    remedy="Block public access on the bucket, and remove what grants it from its policy and access list.",
)
@_on_bucket
def public_bucket(path: Path, _prefix: str, bucket: Bucket) -> Found:
    """Look at who can get at the bucket."""
    if isinstance(bucket.public, Unknown):
        yield Unchecked((*path, "PublicAccess"), bucket.public)
    elif bucket.public:
        yield Hit((*path, "PublicAccess"), bucket.public)


@CAPTURE.rule(
    "RW506",
    "error",
    "A capture bucket that does not exist",
    why="What is captured has nowhere to go and is lost, without an error that a caller would see.",
    remedy="Create the bucket, or name one that exists.",
)
def missing_bucket(subject: Subject) -> Found:
    """Look for the bucket."""
    path = ("DataCaptureConfig", "DestinationS3Uri")
    uri = subject.whole.section("DataCaptureConfig").text("DestinationS3Uri")
    bucket, _ = split_location(uri)
    if not subject.captures or not uri:
        return
    if not bucket:
        yield Unchecked(path, Unknown("only the form s3://bucket/prefix says which bucket it is"))
    elif isinstance(subject.capture_bucket, Missing):
        yield Hit(path, f"there is no bucket {bucket}")
    elif isinstance(subject.capture_bucket, Unknown):
        yield Unchecked(path, subject.capture_bucket)


@CAPTURE.rule(
    "RW507",
    "note",
    "Only one side is captured",
    why="An answer without its request, or a request without its answer, cannot be judged afterwards.",
    remedy="Set CaptureOptions to one entry InputAndOutput, or to Input and Output.",
)
@_while_on
def one_side(capture: Section) -> Iterator[Hit]:
    """Look at the capture's options."""
    modes = {option.text("CaptureMode") for option in capture.items("CaptureOptions")}
    if modes and "InputAndOutput" not in modes and not modes >= _BOTH_SIDES:
        yield Hit(capture.at("CaptureOptions"), f"only {', '.join(sorted(modes))}")


@CAPTURE.rule(
    "RW508",
    "note",
    "Captured data in Base64",
    why="Without content types SageMaker takes every body for binary and writes it as Base64, which monitoring tools cannot read as CSV "
    "or JSON.",
    remedy="List the content types of the requests in CaptureContentTypeHeader.",
)
@_while_on
def no_content_types(capture: Section) -> Iterator[Hit]:
    """Look for content types."""
    header = capture.section("CaptureContentTypeHeader")
    if not header.values("CsvContentTypes") and not header.values("JsonContentTypes"):
        yield Hit(header.path, "neither CsvContentTypes nor JsonContentTypes")
