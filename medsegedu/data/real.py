"""Real patients, to check what the virtual ones showed.

Each set is read from the folder named by the environment variable `MEDSEGEDU_DATA`, else from the cache, else downloaded.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from medsegedu.data.case import Case, Dataset
from medsegedu.data.catalogue import known
from medsegedu.data.images import nifti_case, zscore
from medsegedu.data.nuclei import nuclei_cases, rows_of
from medsegedu.data.public import HOW, NotHere, obtain, place_of
from medsegedu.data.store import Arrays, stamp, stored
from medsegedu.errors import UserError

__all__ = ["HOW", "NotHere", "hippocampus", "nuclei", "place_of"]


def hippocampus(dims: int = 3, slices: int = 6) -> Dataset:
    """MRI of the hippocampus of 170 people: Medical Segmentation Decathlon, task 4. 260 volumes of 1 mm.

    Intensities run from hundreds to millions between the files, so each volume is scaled to mean 0 and deviation 1. Files
    2k - 1 and 2k look like the two sides of one person (their labels correlate at 0.92), so `patient` is
    `(number + 1) // 2`: inferred from the data, not an official list.

    Args:
        dims: 3 for volumes, 2 for sagittal slices, which show the hippocampus along its length.
        slices: how many slices of each volume (2D only), evenly spaced.

    Raises:
        NotHere: the data are not on this computer and can't be downloaded.
        UserError: a file is missing or broken.
    """
    volumes = _volumes(obtain("hippocampus"))
    cases = volumes if dims == 3 else [plane for volume in volumes for plane in _sagittal(volume, slices)]
    public = known("hippocampus")
    return Dataset(cases, public.labels, public.contrasts, public.licence, public.citation, public.name)


def nuclei(stain: str = "fluorescence") -> Dataset:
    """Microscopy images of cell nuclei: 2018 Data Science Bowl (BBBC038v1), all nuclei one class.

    Many images are tiles of one larger field of view. `patient` is that field, so a split can't put neighbours on both sides;
    fields are found by matching borders (see `tiles`). Fluorescence images have one channel, the others red, green and blue;
    intensities run from 0 to 1. No pixel size is recorded, so `spacing` counts pixels.

    Args:
        stain: "fluorescence" (541 images; 497 in the public archive, which has no others), "stained" (107) or "brightfield" (16).

    Raises:
        NotHere: the data are not on this computer and can't be downloaded.
        UserError: an unknown stain, or a file is missing or broken.
    """
    folder = obtain("nuclei")
    rows = rows_of(folder)
    if stain not in (stains := sorted({row["stain"] for row in rows})):
        raise UserError(f"Unknown stain '{stain}'; choose from {', '.join(stains)}.")
    colours = stain != "fluorescence"
    cases = nuclei_cases(folder, [row["image"] for row in rows if row["stain"] == stain], stain, colours)
    public = known("nuclei")
    contrasts = ("red", "green", "blue") if colours else public.contrasts
    return Dataset(cases, public.labels, contrasts, public.licence, public.citation, f"nuclei, {stain}")


def _volumes(folder: Path) -> list[Case]:
    """All volumes with their labels, from the cache when these very files were read before."""
    images = _files(folder / "imagesTr", "hippocampus_*.nii.gz")
    labels = [folder / "labelsTr" / path.name for path in images]
    patients = [f"hippocampus-{(int(re.findall(r'[0-9]+', path.name)[0]) + 1) // 2:03d}" for path in images]

    key = (1, *map(stamp, [*images, *labels]))
    kept = stored("hippocampus", key, lambda: _read(images, labels))
    voxels, classes = torch.from_numpy(kept["voxels"]), torch.from_numpy(kept["classes"])
    cases, start = [], 0
    for i, (path, patient, shape) in enumerate(zip(images, patients, kept["shapes"].tolist(), strict=True)):
        end = start + math.prod(shape)
        image, label = voxels[start:end].view(1, *shape), classes[start:end].view(shape).long()
        spacing = tuple(kept["spacings"][i].tolist())
        cases.append(Case(image, label, spacing, patient, path.name, kept["affines"][i]))
        start = end
    return cases


def _read(images: Sequence[Path], labels: Sequence[Path]) -> Arrays:
    """Volumes of any sizes as five arrays: all voxels, all classes, (N, 3) shapes and spacings, (N, 4, 4) affines."""
    voxels, classes, grids = bytearray(), bytearray(), []  # they grow without a second copy of all
    for paths in zip(images, labels, strict=True):
        case = nifti_case(*paths, patient="")
        image, label = replace(case, image=zscore(case.image)).numpy()
        voxels.extend(image.tobytes())
        classes.extend(label.astype(np.uint8).tobytes())
        grids.append((label.shape, case.spacing, case.affine))
    shapes, spacings, affines = (np.array(column) for column in zip(*grids, strict=True))
    return {
        "voxels": np.frombuffer(voxels, np.float32), "classes": np.frombuffer(classes, np.uint8), "shapes": shapes,
        "spacings": spacings, "affines": affines,
    }  # fmt: skip


def _sagittal(volume: Case, slices: int) -> list[Case]:
    """Slices across the first axis, upright: (C, X, Y, Z) -> (C, Z from the top, Y from the front)."""
    assert volume.label is not None
    width = volume.image.shape[1]
    cases = []
    for x in torch.linspace(0.25, 0.75, slices).mul(width - 1).round().long().tolist():
        spacing = (volume.spacing[2], volume.spacing[1])
        image, label = _upright(volume.image[:, x]), _upright(volume.label[x])
        cases.append(Case(image, label, spacing, volume.patient, f"{volume.id}-x{x:02d}"))
    return cases


def _upright(plane: Tensor) -> Tensor:
    return plane.transpose(-1, -2).flip(-1, -2).contiguous()  # (..., Y, Z) -> (..., Z, Y)


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))  # macOS leaves ._ files
    if not found:
        raise UserError(f"The folder {folder} holds no file like {pattern}; unpack the archive again.")
    return found
