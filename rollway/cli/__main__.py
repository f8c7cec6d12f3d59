"""``python -m rollway.cli`` is the ``rollway`` command."""

import sys

from rollway.cli import main

if __name__ == "__main__":
    sys.exit(main())
