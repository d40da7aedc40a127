"""Noise: its statistics, its level and its residuals."""
