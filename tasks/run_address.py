"""Where the present flow run is shown, for people who are told of it."""

from typing import cast

from prefect.runtime import flow_run
from prefect.settings import PREFECT_UI_URL


def find_run_address() -> str | None:
    """Return the address of the flow run in Prefect's UI; None outside of a run, or where there is no UI."""
    run_id, page = cast("str | None", flow_run.id), cast("str | None", PREFECT_UI_URL.value())
    return f"{page.rstrip('/')}/runs/flow-run/{run_id}" if run_id and page else None
