"""From a trained network and an image to a label map."""

from medsegedu.inference.predict import logits, predict

__all__ = ["logits", "predict"]
