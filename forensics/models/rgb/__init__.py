"""Streams of the pixels: ``[B, 3, H, W]`` in 0..1 -> tokens ``[B, D, H / patch, W / patch]``."""
