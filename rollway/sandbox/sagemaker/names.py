"""The Amazon Resource Names of the simulated account. Spelling only: whether a resource exists is not known here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Arns:
    """Names the resources of one account in one Region."""

    account_id: str
    region: str

    def model(self, name: str) -> str:
        """Return a model's ARN."""
        return self._arn("model", name)

    def config(self, name: str) -> str:
        """Return an endpoint configuration's ARN."""
        return self._arn("endpoint-config", name)

    def endpoint(self, name: str) -> str:
        """Return an endpoint's ARN."""
        return self._arn("endpoint", name)

    @property
    def partition(self) -> str:
        """The part of AWS's world in which the Region lies."""
        return "aws-cn" if self.region.startswith("cn-") else "aws"

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account_id}:{kind}/{name}"


OWN_KINDS = frozenset({"model", "endpoint-config", "endpoint"})
"""The kinds of resource that the simulator keeps; all others are moto's."""


def kind_of(arn: str) -> str:
    """Return the kind of resource that a SageMaker ARN names, for example ``endpoint-config``."""
    return arn.split(":", 5)[-1].split("/", 1)[0]
