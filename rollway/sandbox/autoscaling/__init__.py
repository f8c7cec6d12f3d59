"""The simulated Application Auto Scaling: registrations of endpoint variants, policies and schedules that really act.

Only SageMaker's instance counts are scaled. Nothing here knows of moto or HTTP; time comes from the account's clock.
"""
