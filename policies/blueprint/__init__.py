"""Blueprints: the wanted configuration of an endpoint, declared completely in SageMaker's own words.

Says what is valid, and in what two blueprints differ. What SageMaker's limits are is handed in as plain data: nothing in here knows where
it comes from, and whether a valid configuration is also a wise one is not judged here.
"""
