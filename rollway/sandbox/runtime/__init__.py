"""The simulated SageMaker runtime: what happens to one invocation, from routing to metrics.

Pure but for its clock and the model servers that it is given. Importing this package imports neither moto nor boto3:
model-server processes share its HTTP code and must start fast.
"""
