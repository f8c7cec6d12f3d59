"""Gates: one small pure function each, from evidence to a verdict."""
