"""Comparisons of variants at the end of an A/B test, looked at once.

Every test here holds its error rate only when the size of the sample was settled beforehand. Nothing in this package may decide a running
rollout: that is for the e-processes beside it, or for a group-sequential design.
"""
