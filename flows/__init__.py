"""Prefect flows: one file per flow that a user can start. They hold the loop and show it; the loop itself is ``rollway.loop``."""
