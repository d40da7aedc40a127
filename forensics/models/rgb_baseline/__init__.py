"""The baseline that reads pixels only: a U-Net of segmentation-models-pytorch."""
