"""Prefect tasks: one verb each, around a call or two of Rollway's own; what they do is also done without Prefect.

Tasks add what Prefect is good at: retries, time-outs, names that a person can read, artifacts. They decide nothing.
"""
