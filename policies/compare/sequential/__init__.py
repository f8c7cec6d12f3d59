"""Group-sequential designs: a few looks at a growing sample, at times that need not be settled beforehand.

The number of looks is free, the most that may be gathered is not: alpha is spent by the share of it. Minute-by-minute watching of a
rollout is for the e-processes of ``policies.compare``, which have no horizon.
"""
