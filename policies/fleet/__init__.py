"""Fleets: one change on many endpoints, in waves. What to do next and when to stop; nothing here acts on anything.

Each endpoint's rollout is one like any other. A fleet only says which may begin.
"""
