"""The candidates of the demo, and what each deserves."""

from typing import Final

EXPECTED: Final = {"better": "PROMOTED", "slow": "ROLLED_BACK", "failing": "ROLLED_BACK"}
"""The outcome that each candidate deserves."""
