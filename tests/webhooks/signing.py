"""How the senders sign, written anew from their descriptions, so that the receiver is not checked by its own code."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECRETS = {
    "mlflow": "mlflow-secret-0123456789abcdef",
    "mlflow_2": "mlflow-the-next-secret-of-it",
    "wandb": "wandb-secret-0123456789abcdef",
    "huggingface": "hf-secret-0123456789abcdef",
    "generic": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "eventbridge": "eventbridge-key-0123456789",
}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:model-packages"
PEM_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
CA_URL = "http://crt.r2m01.amazontrust.com/r2m01.cer"

Sent = tuple[bytes, dict[str, str]]
"""A body and its headers."""
_LONG = 3650
"""Days that the authorities last, which is longer than any certificate that they issue here."""


def mlflow(body: Any, secret: str = SECRETS["mlflow"], at: datetime = NOW, delivery: str = "d-1") -> Sent:
    """``v1,`` and Base64 of HMAC-SHA256 over id, seconds and body."""
    raw = as_body(body)
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"{delivery}.{stamp}.".encode() + raw, hashlib.sha256).digest()
    return raw, {
        "content-type": "application/json",
        "x-mlflow-delivery-id": delivery,
        "x-mlflow-timestamp": stamp,
        "x-mlflow-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def as_body(body: Any) -> bytes:
    """A body in JSON, or as it is."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def alias_set(alias: str = "champion", version: str = "7", name: str = "fraud") -> dict[str, Any]:
    """What MLflow sends when an alias is set."""
    data = {"name": name, "alias": alias, "version": version}
    return {
        "entity": "model_version_alias",
        "action": "created",
        "timestamp": "2026-06-01T11:59:59.587215+00:00",
        "data": data,
    }


def standard(body: Any, at: datetime = NOW, event_id: str = "msg_1") -> Sent:
    """Standard Webhooks, with a second signature that nobody knows in front."""
    raw = as_body(body)
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(SECRETS["generic"].removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, f"{event_id}.{stamp}.".encode() + raw, "sha256").digest()).decode()
    return raw, {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,bm90IHRoaXMgb25l v1,{mac}",
    }


def wandb(body: Any, spelling: str = "base64") -> Sent:
    """HMAC-SHA256 over the body, in one of the spellings that are in use, or the token alone."""
    raw = as_body(body)
    mac = hmac.new(SECRETS["wandb"].encode(), raw, "sha256")
    spelled = {
        "base64": {"x-wandb-signature": base64.b64encode(mac.digest()).decode()},
        "hex": {"x-wandb-signature": mac.hexdigest()},
        "prefixed": {"x-wandb-signature": f"sha256={mac.hexdigest()}"},
        "token": {"authorization": f"Bearer {SECRETS['wandb']}"},
    }
    return raw, {"content-type": "application/json"} | spelled[spelling]


def hugging_face(body: Any) -> Sent:
    """The secret itself."""
    return as_body(body), {
        "content-type": "application/json",
        "x-webhook-secret": SECRETS["huggingface"],
    }


def eventbridge(body: Any) -> Sent:
    """The key of the API destination."""
    return as_body(body), {"content-type": "application/json", "x-api-key": SECRETS["eventbridge"]}


def package_event(**changed: Any) -> dict[str, Any]:
    """EventBridge's event of an approved model package, as AWS documents it."""
    detail = {
        "ModelPackageGroupName": "fraud",
        "ModelPackageVersion": 3,
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/3",
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "Approved",
        "LastModifiedTime": "2026-06-01T11:59:00Z",
        "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"}]},
    }
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "account": "123456789012",
        "time": "2026-06-01T11:59:30Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail | changed,
    }


class Signer(NamedTuple):
    """A key with its certificate, and what a server hands out of it."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate


@cache
def root() -> Signer:
    """A certificate authority of the tests' own."""
    return _issue("Test Root", None, (), is_authority=True, days=_LONG)


@cache
def sub_authority() -> Signer:
    """An authority below it, which SNS's certificate is issued by."""
    return _issue("Test R2M01", root(), (), is_authority=True, days=_LONG)


@cache
def sns_signer(
    names: tuple[str, ...] = ("sns.amazonaws.com",), days: int = 30, *, is_self_signed: bool = False
) -> Signer:
    """SNS's certificate: alone where it is fetched, its issuer elsewhere."""
    return _issue("sns.amazonaws.com", None if is_self_signed else sub_authority(), names, days=days)


def _issue(
    name: str, by: Signer | None, names: tuple[str, ...], *, is_authority: bool = False, days: int = 30
) -> Signer:
    key = rsa.generate_private_key(65537, 2048)
    issuer = by or Signer(key, None)  # type: ignore[arg-type]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing = issuer.key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=60))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=is_authority,
                crl_sign=is_authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if names:
        place = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(CA_URL))
        builder = (
            builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityInformationAccess([place]), critical=False)
        )
    return Signer(key, builder.sign(issuer.key, SHA256()))


def pem(signer: Signer) -> bytes:
    """A certificate as SNS hands it out."""
    return signer.certificate.public_bytes(Encoding.PEM)


def der(signer: Signer) -> bytes:
    """A certificate as authorities hand theirs out."""
    return signer.certificate.public_bytes(Encoding.DER)


def sns(signer: Signer | None = None, **changed: Any) -> Sent:
    """An envelope of SNS around an event, signed over its fields in alphabetical order."""
    message = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": json.dumps(package_event()),
        "Timestamp": NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "2",
        "SigningCertURL": PEM_URL,
    } | changed
    signed = {"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
    text = "".join(f"{name}\n{message[name]}\n" for name in sorted(signed & message.keys()))
    hashing = SHA1() if message["SignatureVersion"] == "1" else SHA256()  # noqa: S303 - what version 1 is
    signature = (signer or sns_signer()).key.sign(text.encode(), padding.PKCS1v15(), hashing)
    message.setdefault("Signature", base64.b64encode(signature).decode())
    return json.dumps(message).encode(), {
        "content-type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": message["Type"],
    }
