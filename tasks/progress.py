"""The candidate's share as a progress bar in Prefect's UI."""

from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact


class ProgressBar:
    """One progress artifact, from 0 to 100."""

    def __init__(self) -> None:
        self._artifact: UUID | None = None

    async def publish(self, value: tuple[str, float, str]) -> None:
        """Show a value: the artifact's key, how many percent, and what to say beside it."""
        key, percent, told = value
        if self._artifact is None:
            self._artifact = await acreate_progress_artifact(percent, key=key, description=told)
        else:
            await aupdate_progress_artifact(self._artifact, percent, description=told)
