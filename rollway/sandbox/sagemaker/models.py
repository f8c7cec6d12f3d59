"""Simulated SageMaker models: CreateModel, DescribeModel, ListModels, DeleteModel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request, items, section
from rollway.sandbox.sagemaker.paging import cut_page
from rollway.sandbox.sagemaker.resources import Account, Shelf


@dataclass(frozen=True)
class Container:
    """What a model server needs to know of a model: its (first) container."""

    image: str
    environment: Mapping[str, str]
    model_data_url: str | None


FindPackage = Callable[[str], Mapping[str, Any]]
"""Gives the first container of a model package, in the words of its inference specification; empty where it is not known."""


def no_package(_name: str) -> Mapping[str, Any]:
    """Know no model package: the account has no model registry."""
    return {}


class Models:
    """The account's models.

    Attributes:
        shelf: where they are kept.
        find_package: asks the model registry, which is not part of this account.
    """

    def __init__(self, account: Account) -> None:
        self.shelf = Shelf("model", account.arns.model, account)
        self.find_package: FindPackage = no_package

    def create(self, request: Request) -> dict[str, Any]:
        """Answer CreateModel."""
        _check_containers(request)
        return {"ModelArn": self.shelf.add(request["ModelName"], request).arn}

    def describe(self, request: Request) -> dict[str, Any]:
        """Answer DescribeModel with every field that was given."""
        model = self.shelf.get(request["ModelName"])
        fixed = {"ModelArn": model.arn, "CreationTime": model.created}
        return {"EnableNetworkIsolation": False, **model.content, **fixed}

    def list(self, request: Request) -> dict[str, Any]:
        """Answer ListModels."""
        page = cut_page(self.shelf.all(), request)
        summaries = [{"ModelName": m.name, "ModelArn": m.arn, "CreationTime": m.created} for m in page.items]
        return page.answer("Models", summaries)

    def delete(self, request: Request) -> dict[str, Any]:
        """Answer DeleteModel."""
        self.shelf.remove(request["ModelName"])
        return {}

    def container(self, name: str) -> Container:
        """Return what serves the model. Of several containers the first one: pipelines are not simulated.

        Raises:
            Refusal: ``ValidationException`` when there is no such model.
        """
        content = self.shelf.get(name).content
        given = section(content, "PrimaryContainer") or items(content, "Containers")[0]
        package = given.get("ModelPackageName", "")
        primary = {**self.find_package(package), **given} if package else given
        source = section(section(primary, "ModelDataSource"), "S3DataSource")
        return Container(
            image=primary.get("Image") or package,
            environment=section(primary, "Environment"),
            model_data_url=primary.get("ModelDataUrl") or source.get("S3Uri"),
        )

    def images(self, name: str) -> tuple[str, ...]:
        """Return the image of each of the model's containers, in their order.

        Raises:
            Refusal: ``ValidationException`` when there is no such model.
        """
        content = self.shelf.get(name).content
        primary = section(content, "PrimaryContainer")
        return tuple(self._image_of(each) for each in ([primary] if primary else items(content, "Containers")))

    def _image_of(self, container: Request) -> str:
        package = container.get("ModelPackageName", "")
        return container.get("Image") or (self.find_package(package).get("Image") if package else None) or package


def _check_containers(request: Request) -> None:
    # The wording of these three is the simulator's own: AWS documents the rules, not the messages.
    primary, containers = section(request, "PrimaryContainer"), items(request, "Containers")
    if bool(primary) == bool(containers):
        raise invalid("Exactly one of PrimaryContainer and Containers must be specified.")
    for container in [primary] if primary else containers:
        if not (container.get("Image") or container.get("ModelPackageName")):
            raise invalid("A container must specify Image or ModelPackageName.")
        if container.get("ModelDataUrl") and container.get("ModelDataSource"):
            raise invalid("A container must not specify both ModelDataUrl and ModelDataSource.")
