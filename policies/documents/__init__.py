"""Files in YAML or JSON that people bring: one loader with limits for all of them, and errors that name lines and quote nothing foreign."""
