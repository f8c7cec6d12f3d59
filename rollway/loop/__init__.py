"""The loop: observe, decide, execute, record. The only one, free of Prefect.

A flow may hold it for one rollout; another process may take it up again from journal and endpoint alone.
"""
