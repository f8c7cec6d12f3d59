"""Rollway: progressive delivery for models on Amazon SageMaker."""

__version__ = "0.1.0"
