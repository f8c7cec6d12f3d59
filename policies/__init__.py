"""The pure core: what a rollout does and when it stops.

Nothing here touches AWS, Prefect, a clock, randomness or a file that it was not handed: every function maps values to values, so that
what ``rollway plan`` shows is what a rollout does, and a decision can be replayed.
"""
