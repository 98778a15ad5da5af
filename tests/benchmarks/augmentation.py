"""Augmentation of a batch by `data.Augment` and, image by image, by TorchIO (`pip install torchio`), in one run.

Both flip, rotate and scale, displace, shade, change the intensity law, coarsen and add noise to every image of the batch.
Usage: python tests/benchmarks/augmentation.py [--size 64] [--batch 16] [--repeats 5]
"""

import argparse
import statistics
import time

import numpy as np
import torch

from medsegedu.data import Augment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    import torchio as tio

    torch.manual_seed(0)
    size = (options.size,) * 3
    image, label = torch.rand(options.batch, 1, *size), torch.randint(0, 3, (options.batch, *size))
    augment, random = Augment(flips=(0, 1, 2), moved=1, changed=1, contrast=0), np.random.default_rng(0)
    theirs = tio.Compose([
        tio.RandomFlip((0, 1, 2)), tio.RandomAffine(scales=0.2, degrees=15, isotropic=True),
        tio.RandomElasticDeformation(num_control_points=7, max_displacement=4), tio.RandomBiasField(0.2, order=3),
        tio.RandomGamma(0.26), tio.RandomAnisotropy(downsampling=(1, 2)), tio.RandomNoise(std=(0, 0.03)),
    ])  # fmt: skip

    def by_torchio() -> None:
        for one, drawn in zip(image, label, strict=True):
            theirs(tio.Subject(image=tio.ScalarImage(tensor=one), label=tio.LabelMap(tensor=drawn[None])))

    seconds: dict[str, list[float]] = {"medsegedu": [], "TorchIO": []}
    for _ in range(options.repeats):
        for name, run in {"medsegedu": lambda: augment(image, label, random), "TorchIO": by_torchio}.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    ours, peer = (statistics.median(times) for times in seconds.values())
    print(
        f"{options.batch} volumes of {options.size}^3, {torch.get_num_threads()} threads, median of {options.repeats}"
    )
    print(f"medsegedu {ours:.3f} s   TorchIO {tio.__version__} {peer:.3f} s   {peer / ours:.1f} times faster")


if __name__ == "__main__":
    main()
