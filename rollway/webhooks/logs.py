"""The receiver's log: one JSON object a line, on stderr. Never has a secret, a header's value or a body in it.

Everything but printable ASCII is escaped, so no character that some program takes for the end of a line is ever written.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

_FIELDS: Final = "rollway_fields"
_LONGEST: Final = 500


def fields(**values: object) -> dict[str, dict[str, object]]:
    """Return what to give as ``extra`` to a log call, so that these values are told."""
    return {_FIELDS: values}


def told(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return the values that were given to a log call."""
    return getattr(record, _FIELDS, {})


class JsonLines(logging.Formatter):
    """One JSON object for each record; of an exception only its type and where it was raised, since its words may repeat what was sent."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "event": record.getMessage(), **told(record)}
        if record.exc_info and record.exc_info[1]:
            line |= _place(record.exc_info[1])
        return json.dumps(_shorten(line), default=str).replace("\x7f", "\\u007f")


def log_as_json(level: int = logging.INFO) -> None:
    """Have this process log so, whatever it logged before; libraries only what they warn of."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("rollway").setLevel(level)


def _shorten(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value[:_LONGEST] if isinstance(value, str) else value for name, value in line.items()}


def _place(error: BaseException) -> dict[str, str]:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return {"error": type(error).__name__, "where": where}
