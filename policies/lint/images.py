"""RW8: images and artifacts. Whether what is deployed is what was tested."""

from collections.abc import Iterator
from typing import Final

from policies.lint.document import Section
from policies.lint.rules import Family, Hit, each_container, each_model

IMAGES: Final = Family("Images and artifacts")


@IMAGES.rule(
    "RW801",
    "warning",
    "An image by tag",
    why="A tag can be moved. SageMaker looks it up at every deployment, so the way back to this model may run other code than the one "
    "that served, and two instances may differ.",
    remedy="Name the image by digest: repository@sha256:…; DescribeEndpoint tells the one in use as ResolvedImage.",
)
@each_container
def image_by_tag(container: Section) -> Iterator[Hit]:
    """Look for images without a digest."""
    image = container.text("Image")
    if image and "@sha256:" not in image:
        yield Hit(container.at("Image"), f"{image} has no digest")


@IMAGES.rule(
    "RW802",
    "error",
    "A model without exactly one way to its containers",
    why="SageMaker takes PrimaryContainer or Containers, and turns a model with both or neither down.",
    remedy="Keep PrimaryContainer for one container, Containers for several.",
)
@each_model
def containers_twice(model: Section) -> Iterator[Hit]:
    """Look for both, or neither."""
    given = [member for member in ("PrimaryContainer", "Containers") if model.members.get(member)]
    if len(given) != 1:
        yield Hit(model.path, f"has {' and '.join(given) or 'neither PrimaryContainer nor Containers'}")


@IMAGES.rule(
    "RW803",
    "error",
    "A container without an image",
    why="A container starts from an image or from a registered model package; SageMaker turns one with neither down.",
    remedy="Give Image or ModelPackageName.",
)
@each_container
def no_image(container: Section) -> Iterator[Hit]:
    """Look for containers with neither."""
    if not container.has("Image") and not container.has("ModelPackageName"):
        yield Hit(container.path, "has neither Image nor ModelPackageName")


@IMAGES.rule(
    "RW804",
    "error",
    "Artifacts from two places",
    why="SageMaker takes ModelDataUrl or ModelDataSource, and turns a container with both down.",
    remedy="Keep one of them.",
)
@each_container
def artifacts_twice(container: Section) -> Iterator[Hit]:
    """Look for both."""
    if container.has("ModelDataUrl") and container.has("ModelDataSource"):
        yield Hit(container.at("ModelDataUrl"), "given beside ModelDataSource")


@IMAGES.rule(
    "RW805",
    "error",
    "A registry in a VPC that the model is not in",
    why="RepositoryAccessMode Vpc has the image fetched through the model's VPC, and the model has none.",
    remedy="Give the model a VpcConfig, or set RepositoryAccessMode: Platform.",
)
@each_model
def registry_out_of_reach(model: Section) -> Iterator[Hit]:
    """Look for registries in a VPC on models without one."""
    if model.section("VpcConfig").members:
        return
    for container in (model.section("PrimaryContainer"), *model.items("Containers")):
        image = container.section("ImageConfig")
        if image.text("RepositoryAccessMode") == "Vpc":
            yield Hit(image.at("RepositoryAccessMode"), "is Vpc, and the model has no VpcConfig")
