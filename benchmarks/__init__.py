"""Measurements of speed, runnable as modules; nothing here is imported by the product."""
