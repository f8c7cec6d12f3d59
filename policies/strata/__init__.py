"""Strata: what was measured of both arms, minute by minute. The file format, its checks, and the arrays that comparisons work on."""
