"""A simulated IAM: which actions on which resources a request needs, and whether the caller's policies allow them.

Callers that have no policies here may do everything. Simulated are identity-based policies and the trust policies of roles; not
resource-based policies, permissions boundaries, session policies and service control policies.
"""
