"""Whole pictures of any size: evidence in, prediction out."""

from forensics.inference.prediction import Prediction
from forensics.inference.predictor import Predictor

__all__ = ["Prediction", "Predictor"]
