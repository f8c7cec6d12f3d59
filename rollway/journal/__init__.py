"""The durable record of rollouts: S3 objects, appended and never changed, readable by a person.

Nothing here decides. Intent is written before an act and its result after, so whoever comes next can tell what may have happened.
"""
