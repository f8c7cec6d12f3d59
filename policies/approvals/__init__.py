"""Approvals: a stage asks a person. What a policy says of it, who answered, and for how long is waited."""
