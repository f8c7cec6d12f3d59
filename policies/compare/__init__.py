"""Comparisons of the candidate with the baseline, minute by minute.

A minute is compared within itself: both arms saw the same minute, so drift, bursts and shared outages cancel. Every test is an
e-process: its value may be looked at after every minute, and crossing ``1 / risk`` is evidence at that risk whenever it happens.
"""
