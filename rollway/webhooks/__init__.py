"""The receiver for events of model registries."""
