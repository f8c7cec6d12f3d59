"""Lint for endpoints: rules of good practice over an endpoint configuration and what belongs to it.

Pure: a ``Subject`` in, a ``Report`` out. Who reads the subject, from files or from AWS, is not known here. A rule is a small function in
the file of its topic; adding one touches that file alone.
"""
