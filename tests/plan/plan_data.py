"""Small datasets of random volumes and images, as odd as possible, for the tests of plans."""

from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from medsegedu.data import Case, Dataset
from medsegedu.plan import Fingerprint, Intensities, Spread
from medsegedu.plan.fingerprint import ClassPrint

NAMES = ("background", "organ", "lesion", "vessel")


def random_case(
    random: np.random.Generator, i: int, *, dims: int = 3, contrasts: int = 2, classes: int = 3, affine: bool = True
) -> Case:
    """Blobs of each class in noise, of an odd size with voxels that are not cubes, in an axis order other than RAS."""
    size = tuple(int(n) for n in random.integers(9, 23, dims))
    spacing = tuple(float(s) for s in random.uniform(0.4, 3, dims))
    smooth = ndimage.gaussian_filter(random.normal(size=size), 1.2)
    label = np.digitize(smooth, np.quantile(smooth, np.linspace(0.6, 1, classes)[:-1]))
    image = random.normal(1000, 300, (contrasts, *size)) + 50 * label
    order = random.permutation(dims)
    matrix = np.eye(dims + 1)
    matrix[:dims, :dims] = np.diag(random.choice([-1, 1], dims))[order] * np.array(spacing)
    return Case(
        torch.from_numpy(image.astype(np.float32)), torch.from_numpy(label.astype(np.int64)), spacing, f"p{i // 2}", f"c{i}",
        matrix if affine else None,
    )  # fmt: skip


def random_dataset(seed: int, cases: int = 7, *, dims: int = 3, contrasts: int = 2, classes: int = 3) -> Dataset:
    random = np.random.default_rng(seed)
    made = [random_case(random, i, dims=dims, contrasts=contrasts, classes=classes) for i in range(cases)]
    return Dataset(made, NAMES[:classes], tuple(f"MR{i}" for i in range(contrasts)), name="random")


def print_of(
    size: tuple[float, ...], spacing: tuple[float, ...], *, cases: int = 20, patients: int | None = None,
    low: tuple[float, ...] | None = None, classes: int = 2, contrasts: int = 1,
) -> Fingerprint:  # fmt: skip
    """A fingerprint of images that are all alike, but for the 10th percentile of their spacing."""

    def spreads(values: tuple[float, ...], lowest: tuple[float, ...] | None = None) -> tuple[Spread, ...]:
        return tuple(Spread(v, least, v) for v, least in zip(values, lowest or values, strict=True))

    extent = tuple(n * s for n, s in zip(size, spacing, strict=True))
    held = cases if patients is None else patients
    drawn = tuple(
        ClassPrint(f"class {c}", cases, held, 0.1 / c, cases, Spread(50, 40, 60), Spread(5, 4, 6), 30.0)
        for c in range(1, classes)
    )
    voxels = cases * int(np.prod(size))
    return Fingerprint(
        "alike", len(size), cases, cases, held, tuple(f"MR{i}" for i in range(contrasts)),
        ("background", *(c.name for c in drawn)), spreads(spacing, low), spreads(size), spreads(extent),
        (Intensities(0.0, 1.0, -2.0, 2.0),) * contrasts, drawn, voxels, True,
    )  # fmt: skip


def pictures(root: Path, n: int = 6) -> Path:
    """Squares on noise, as PNG with masks."""
    from skimage import io

    random = np.random.default_rng(1)
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for i in range(n):
        mask = np.zeros((40, 52), np.uint8)
        y, x = random.integers(4, 24, 2)
        mask[y : y + 12, x : x + 12] = 255
        image = np.clip(mask // 2 + random.normal(40, 10, mask.shape), 0, 255).astype(np.uint8)
        io.imsave(root / "images" / f"c{i}.png", image, check_contrast=False)
        io.imsave(root / "masks" / f"c{i}.png", mask, check_contrast=False)
    return root
