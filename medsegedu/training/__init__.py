"""Plain loops: train, keep, and write down what came out."""

from medsegedu.device import autocast_dtype, best_device
from medsegedu.training.adversarial import FromMask, FromNoise, Game, fit_adversarial
from medsegedu.training.checkpoint import load_checkpoint, save_checkpoint
from medsegedu.training.clustering import ClusteringNet, cluster, clustering_loss
from medsegedu.training.fit import History, fit
from medsegedu.training.generated import Mixed, make_pairs
from medsegedu.training.ledger import Ledger, count_flops, peak_memory_mb
from medsegedu.training.ramp import consistency_weight
from medsegedu.training.semi_supervised import fit_few_labels
from medsegedu.training.step import Loss, Sampler
from medsegedu.training.teacher import Teacher

__all__ = [
    "ClusteringNet", "FromMask", "FromNoise", "Game", "History", "Ledger", "Loss", "Mixed", "Sampler", "Teacher",
    "autocast_dtype", "best_device", "cluster", "clustering_loss", "consistency_weight", "count_flops", "fit",
    "fit_adversarial", "fit_few_labels", "load_checkpoint", "make_pairs", "peak_memory_mb", "save_checkpoint",
]  # fmt: skip
