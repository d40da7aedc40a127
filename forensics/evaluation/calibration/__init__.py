"""Finds out what the scores of a checkpoint mean, on photos that it was not trained on."""
