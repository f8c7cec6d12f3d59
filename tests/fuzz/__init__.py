"""Fuzzers of whatever reads files that people bring, or what comes over the wire; see ``python -m tests.fuzz --help``."""
