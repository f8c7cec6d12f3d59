"""Calibration: how often the judge is wrong, measured on simulated traffic whose truth is known. It never touches AWS."""
