"""Plain loops: train, keep, and write down what came out."""

from medsegedu.training.checkpoint import load_checkpoint, save_checkpoint
from medsegedu.training.device import autocast_dtype, best_device
from medsegedu.training.fit import History, fit
from medsegedu.training.ledger import Ledger, count_flops, peak_memory_mb

__all__ = [
    "History", "Ledger", "autocast_dtype", "best_device", "count_flops", "fit", "load_checkpoint", "peak_memory_mb",
    "save_checkpoint",
]  # fmt: skip
