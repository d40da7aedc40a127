"""Copy-move: areas of a picture that are copies of other areas of the same picture, down to their noise."""
