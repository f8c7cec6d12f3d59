"""The receiver of what model registries say happened: lets in what is authentic, keeps it, and sees that it is handled.

Decides nothing about rollouts: an event is a hint, which the handler, given by the caller, reads back from the registry.
"""
