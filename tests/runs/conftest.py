"""A folder of volumes, and a small run that was trained on it."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from medsegedu.cli import main

SMALL = ["--steps", "40", "--batch", "4", "--width", "8", "--depth", "2", "--patch", "16", "--quiet"]


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six patients as NIfTI in the Decathlon's layout: balls, in LPS order, with voxels that are not cubes."""
    root = tmp_path_factory.mktemp("volumes")
    (root / "imagesTr").mkdir()
    (root / "labelsTr").mkdir()
    random = np.random.default_rng(0)
    affine = np.array([[-1.5, 0, 0, 30], [0, -1, 0, 20], [0, 0, 2, -10], [0, 0, 0, 1]])
    for i in range(6):
        axes = np.stack(np.meshgrid(*[np.arange(n) for n in (20, 28, 18)], indexing="ij"))
        centre = random.uniform((7, 9, 6), (13, 19, 12))[:, None, None, None]
        spacing = np.array([1.5, 1, 2])[:, None, None, None]
        label = (np.linalg.norm((axes - centre) * spacing, axis=0) < 8).astype(np.uint8)
        image = (label * 100 + random.normal(0, 15, label.shape) + 500).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(image, affine), root / "imagesTr" / f"ball_{i:03d}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(label, affine), root / "labelsTr" / f"ball_{i:03d}.nii.gz")
    return root


@pytest.fixture(scope="module")
def run(volumes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("runs") / "ball"
    assert main(["train", "--data", str(volumes), "--out", str(place), "--spacing", "1.5", *SMALL]) == 0
    return place
