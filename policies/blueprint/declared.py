"""What a file declares, whatever form it has: an endpoint configuration in SageMaker's own member names, and what stands beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.blueprint.document import Named, Path, Section
from policies.blueprint.model import Document

MODELS: Final = "Models"
SCALING: Final = "Scaling"
TAGS: Final = "Tags"
OWN_TAGS: Final = "tags"
"""Where the tags of a blueprint are, which are the endpoint's too; those of a request are a list under ``Tags``."""


@dataclass(frozen=True)
class Declared:
    """One endpoint configuration of a file.

    Paths are SageMaker's own: members of the configuration from its top, models under ``Models[NAME]``, scaling under ``Scaling[VARIANT]``.

    Attributes:
        form: what kind of file it is from, for a person: ``a blueprint``.
        config: members of ``CreateEndpointConfig``.
        models: members of ``CreateModel``, by the model's name.
        blueprint: the whole document where it is a blueprint, as the file has it; None otherwise.
        resource: what the file calls it, where a file can hold several; empty otherwise.
        origins: where the file has something, by its path here; what is not in it stands below its nearest ancestor that is.
    """

    form: str
    config: Document
    models: Mapping[str, Document] = field(default_factory=dict[str, Document])
    blueprint: Document | None = None
    resource: str = ""
    origins: Mapping[Path, Path] = field(default_factory=dict[Path, Path])

    @property
    def whole(self) -> Section:
        """The configuration as a whole."""
        return Section((), self.config)

    @property
    def model_sections(self) -> dict[str, Section]:
        """The models, each with its path."""
        return {name: Section((MODELS, Named(name)), members) for name, members in self.models.items()}

    def locate(self, path: Path) -> Path:
        """Return where the file has what is found under a path here."""
        for length in range(len(path), -1, -1):
            if (origin := self.origins.get(path[:length])) is not None:
                return (*origin, *(str(part) if isinstance(part, str) else part for part in path[length:]))
        return path
