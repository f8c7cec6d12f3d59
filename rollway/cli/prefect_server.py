"""Whether a Prefect server is set up, told from Prefect's environment variables and profiles without importing Prefect."""

import os
import tomllib
from pathlib import Path
from typing import Any

_SETTING = "PREFECT_API_URL"


def find_server() -> str | None:
    """Return the URL of the Prefect server that flows would report to, or None when none is set up."""
    return os.environ.get(_SETTING) or _profile().get(_SETTING)


def _profile() -> dict[str, Any]:
    """Return the settings of the active profile; nothing when there is no profile or it cannot be read."""
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    try:
        with Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml")).open("rb") as file:
            content = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError):
        return {}
    active = os.environ.get("PREFECT_PROFILE") or content.get("active", "")
    return content.get("profiles", {}).get(active, {})
