"""From a trained network and an image to a label map."""

from medsegedu.inference.flips import average_flips
from medsegedu.inference.predict import logits, predict, probabilities
from medsegedu.inference.sliding_window import sliding_window

__all__ = ["average_flips", "logits", "predict", "probabilities", "sliding_window"]
