"""A network trained on one's own data, from the command line or from Python: train, predict, evaluate, report.

A run is a folder: `settings.json` (all that makes it what it is), `split.json` (which patients train it), `checkpoint.pt`
(how far it is), and when it is done `weights.safetensors`, `history.json`, `evaluation.json` and `report.html`.
A run that was planned keeps its `plan.json`.
"""

from medsegedu.runs.evaluate import evaluate_run
from medsegedu.runs.predict import predict_files
from medsegedu.runs.run import Run, load_data
from medsegedu.runs.settings import LOSSES, MODELS, Settings
from medsegedu.runs.train import train

__all__ = ["LOSSES", "MODELS", "Run", "Settings", "evaluate_run", "load_data", "predict_files", "train"]
