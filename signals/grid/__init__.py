"""The grid of JPEG blocks: where it is weak, displaced or foreign."""
