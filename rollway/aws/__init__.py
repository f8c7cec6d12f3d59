"""The only place that talks to AWS: one module per service, domain values in and out.

No boto3 dictionary leaves this package, except inside ``EndpointConfig.fields``, and no botocore exception does:
``errors`` turns each into the taxonomy of ``policies.errors``. Nothing here decides what a rollout does next.
"""
