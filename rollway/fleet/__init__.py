"""Driving a fleet: its record in the journal, the places where its endpoints are, and the loop. ``policies.fleet`` decides what to do."""
