"""Answers: what two models said to the same request, which captured answers belong together, and whether they agree."""
