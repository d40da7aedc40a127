"""Fitting networks on generated forgeries."""
