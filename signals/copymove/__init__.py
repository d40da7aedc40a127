"""Copy-move: areas of a picture that are copies of other areas of the same picture, told by their noise."""
