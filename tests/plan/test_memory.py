"""The count on the meta device against what a real training step takes in a process of its own."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from medsegedu.models import UNet
from medsegedu.plan import saved_bytes, training_bytes

MEASURE = """
import gc, sys
import numpy as np, torch
import medsegedu.training.step as step
from medsegedu.data import Augment
from medsegedu.losses import dice_ce_loss
from medsegedu.models import UNet
from medsegedu.training import peak_memory_mb
from medsegedu.training.distributed import World

class Noise:
    random = np.random.default_rng(0)
    def __init__(self, batch, patch): self.size = (batch, *patch)
    def draw(self): return torch.randn(self.size)[:, None], torch.randint(0, 3, self.size)

def run(width, depth, batch, patch):
    model = UNet(1, 3, width=width, depth=depth, dims=len(patch), norm="NORM")
    stepper = step.Stepper(model, Noise(batch, patch), dice_ce_loss, rate=1e-3, steps=9, augment=Augment(moved=1, changed=1),
                           spacing=(1.0,) * len(patch), world=World())
    for _ in range(3): stepper()

if "DTYPE" == "float32": step.autocast_dtype = lambda device: None
run(4, 1, 2, (8,) * len(PATCH))  # what every process takes once
gc.collect()
before = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmRSS"))
run(8, 3, 4, PATCH)
print(peak_memory_mb() * 1e6 - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells what a process holds")
@pytest.mark.parametrize(
    ("patch", "norm", "dtype"), [((40, 48, 32), "instance", None), ((40, 48, 32), "batch", torch.float32)]
)
def test_the_estimate_is_near_the_truth(patch: tuple[int, ...], norm: str, dtype: torch.dtype | None) -> None:
    code = MEASURE.replace("PATCH", str(patch)).replace("NORM", norm).replace("DTYPE", str(dtype).split(".")[-1])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    real = float(done.stdout)
    with torch.device("meta"):
        model = UNet(1, 3, width=8, depth=3, dims=3, norm=norm)
    estimate = training_bytes(model, 1, patch, 4, dtype)
    assert 0.9 * real < estimate < 2 * real, (real / 1e6, estimate / 1e6)


def test_maps_are_counted_to_the_byte() -> None:
    """One convolution and a ReLU in place: the image, the ReLU's result, and what the loss keeps of the logits."""
    with torch.device("meta"):
        model = nn.Sequential(nn.Conv2d(1, 5, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(5, 2, 1))
        head = nn.Conv2d(1, 2, 1)
    two, one = (saved_bytes(m, 1, (16, 24), 3) for m in (model, head))
    assert two - one == 3 * 5 * 16 * 24 * 4  # the map of five channels, once though two layers keep it


def test_it_grows_with_the_batch_only_in_its_maps() -> None:
    with torch.device("meta"):
        model = UNet(2, 3, width=8, depth=2, dims=2)
    maps = [saved_bytes(model, 2, (40, 24), batch) for batch in (2, 4, 6)]
    assert maps[1] - maps[0] == maps[2] - maps[1]
    assert maps[1] == pytest.approx(2 * maps[0], rel=2e-3)  # but for means and deviations of the layers
    sizes = [training_bytes(model, 2, (40, 24), batch, torch.float32) for batch in (2, 4)]
    weights = sum(p.numel() for p in model.parameters()) * 4
    assert 2 * sizes[0] - sizes[1] == pytest.approx(6 * weights, abs=2)
    half = training_bytes(model, 2, (40, 24), 2, torch.bfloat16)
    assert half < sizes[0]


def test_counting_needs_no_memory_and_changes_nothing() -> None:
    with torch.device("meta"):
        model = UNet(1, 2, width=64, depth=5, dims=3)
    assert training_bytes(model, 1, (512, 512, 512), 8) > 1e12
    assert all(p.grad is None for p in model.parameters())
