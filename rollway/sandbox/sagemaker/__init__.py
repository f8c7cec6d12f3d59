"""The simulated SageMaker control plane: models, endpoint configurations, endpoints and their tags.

Pure Python: requests and answers are mappings in AWS's own member names, time comes from a clock that is handed in,
and nothing here knows of HTTP, of moto or of threads beyond a lock per endpoint.
"""
