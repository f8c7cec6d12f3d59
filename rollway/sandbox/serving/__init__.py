"""Model servers for the simulated AWS: processes that speak SageMaker's container contract, or callables for tests.

A model is a small Python module served by ``python -m rollway.sandbox.serving``, or any command line that serves
``GET /ping`` and ``POST /invocations`` on the port in ``SAGEMAKER_BIND_TO_PORT``. Start-up must stay cheap: no moto,
no boto3 here.
"""

from rollway.sandbox.serving.model import BadInput, Predict

__all__ = ["BadInput", "Predict"]
