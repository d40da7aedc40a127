"""Verdict and report: one prediction in, one report out."""
