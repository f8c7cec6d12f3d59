"""``python -m rollway.sandbox.serving [--port N] MODEL``: serve one Python model as a SageMaker container would.

MODEL is ``package.module`` or ``path/to/file.py``, with ``:function`` when its loader is not called ``load``.
"""

import argparse
import logging
import os
import sys

from rollway.sandbox.serving.model import ModelLoadError, load_model
from rollway.sandbox.serving.server import listen, serve

_DEFAULT_PORT = "8080"  # SageMaker's own


def main() -> int:
    """Load the model, then serve it until killed. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rollway.sandbox.serving", description=__doc__)
    parser.add_argument("model", help="package.module or path/to/file.py, optionally with :function")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", _DEFAULT_PORT)))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - sys.path holds strings
    try:
        predict = load_model(arguments.model, dict(os.environ))
    except ModelLoadError as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - the message says all, a traceback nothing
        return 1
    serve(predict, listen(arguments.port))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
