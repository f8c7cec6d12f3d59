"""Model registries: reading back what they say now, making the SageMaker models that follow, and telling them how it ended."""
