"""One network over one volume in overlapping windows: seconds and memory against MONAI's sliding_window_inference.

Run: python tests/benchmarks/sliding_window.py [side] [patch] [width] [batch] [repeats]
Each way runs in a process of its own, so that its peak of memory is its own; repeats are interleaved.
"""

import multiprocessing
import statistics
import sys
import time

import torch
from monai.inferers import sliding_window_inference

from medsegedu.inference import sliding_window
from medsegedu.models import UNet
from medsegedu.training import peak_memory_mb

WAYS = ("ours bfloat16", "ours", "MONAI bfloat16", "MONAI")


def run(way: str, side: int, patch: int, width: int, batch: int) -> tuple[float, int, torch.Tensor]:
    """Seconds, MB that the run added to the peak, and the logits of a few voxels."""
    torch.manual_seed(0)
    model = UNet(1, 3, width=width, depth=3, dims=3).eval()
    image = torch.rand(1, side, side, side)
    half = "bfloat16" in way
    sliding_window(model, image[:, :patch, :patch, :patch], patch=patch, bfloat16=half)  # what is set up once
    before = peak_memory_mb() or 0
    start = time.perf_counter()
    if way.startswith("ours"):
        logits = sliding_window(model, image, patch=patch, overlap=0.5, batch=batch, bfloat16=half)
    else:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = sliding_window_inference(image[None], patch, batch, model, overlap=0.5, mode="gaussian")[0]
    seconds = time.perf_counter() - start
    return seconds, (peak_memory_mb() or 0) - before, logits[:, ::40, ::40, ::40].float().clone()


def main(side: int = 160, patch: int = 64, width: int = 8, batch: int = 4, repeats: int = 3) -> None:
    print(
        f"UNet of width {width}, {side}^3 voxels, windows of {patch}^3, {batch} at once, {torch.get_num_threads()} threads"
    )
    found: dict[str, list[tuple[float, int, torch.Tensor]]] = {way: [] for way in WAYS}
    for _ in range(repeats):
        for way in WAYS:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found[way].append(pool.apply(run, (way, side, patch, width, batch)))
    reference = statistics.median(seconds for seconds, _, _ in found["MONAI"])
    for way, runs in found.items():
        seconds = statistics.median(seconds for seconds, _, _ in runs)
        memory = statistics.median(memory for _, memory, _ in runs)
        off = (runs[0][2] - found["MONAI"][0][2]).abs().max()
        print(
            f"  {way:15} {seconds:6.2f} s, ratio {seconds / reference:.2f}, + {memory:.0f} MB, logits off by {off:.1e}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
