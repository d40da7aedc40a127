"""Traces of JPEG saving: what earlier savings left in the coefficients and the pixels."""
