"""The embedded, SIMULATED AWS: rehearse a rollout with no account.

A simulator core in pure Python (injected clock and seed) does what SageMaker endpoints, their metrics and their data plane do; moto
answers for the rest (S3, STS, KMS, the model registry). The same core serves in-process tests and the HTTP server behind
``rollway sandbox``. Nothing here is ever imported by ``flows``, ``tasks`` or ``rollway.aws``: they only see the AWS API.
"""
