"""Interpolation: the traces of demosaicking and of resampling."""
