"""Real patients, to check what the virtual ones showed.

Both sets are read from the folder named by the environment variable `MEDSEGEDU_DATA`, else from the cache.
"""

import csv
import os
import re
from pathlib import Path

import torch
from torch import Tensor

from medsegedu.data.case import Case, Dataset
from medsegedu.data.images import as_label, nifti_case, read_picture, zscore
from medsegedu.errors import UserError
from medsegedu.files import cache_folder

PROOF = {"hippocampus": "imagesTr", "nuclei": "index.csv"}  # what the folder of each set must hold
HOW = {
    "hippocampus": "download https://msd-for-monai.s3-us-west-2.amazonaws.com/Task04_Hippocampus.tar, unpack it, name its folder "
    "'hippocampus', and set MEDSEGEDU_DATA to the folder above it",
    "nuclei": "put BBBC038v1 (https://bbbc.broadinstitute.org/BBBC038) into a folder 'nuclei' with images, masks and "
    "index.csv, and set MEDSEGEDU_DATA to the folder above it",
}


class NotHere(UserError):
    """The real data are not on this computer. A lesson catches this, says so, and goes on."""


def hippocampus(dims: int = 3, slices: int = 6) -> Dataset:
    """MRI of the hippocampus of 170 people: Medical Segmentation Decathlon, task 4. 260 volumes of 1 mm.

    Intensities run from hundreds to millions between the files, so each volume is scaled to mean 0 and deviation 1. Files
    2k - 1 and 2k look like the two sides of one person (their labels correlate at 0.92), so `patient` is
    `(number + 1) // 2`: inferred from the data, not an official list.

    Args:
        dims: 3 for volumes, 2 for sagittal slices, which show the hippocampus along its length.
        slices: how many slices of each volume (2D only), evenly spaced.

    Raises:
        NotHere: the data are not on this computer.
        UserError: a file is missing or broken.
    """
    folder = place_of("hippocampus")
    cases: list[Case] = []
    for path in _files(folder / "imagesTr", "hippocampus_*.nii.gz"):
        number = int(re.findall(r"\d+", path.name)[0])
        volume = nifti_case(path, folder / "labelsTr" / path.name, f"hippocampus-{(number + 1) // 2:03d}")
        volume = Case(zscore(volume.image), volume.label, volume.spacing, volume.patient, volume.id, volume.affine)
        cases += [volume] if dims == 3 else _sagittal(volume, slices)
    return Dataset(
        cases, ("background", "anterior hippocampus", "posterior hippocampus"), ("T1",), "CC-BY-SA 4.0",
        "Antonelli et al., The Medical Segmentation Decathlon, 2022, doi:10.1038/s41467-022-30695-9", "hippocampus",
    )  # fmt: skip


def nuclei(stain: str = "fluorescence") -> Dataset:
    """Microscopy images of cell nuclei: 2018 Data Science Bowl (BBBC038v1), all nuclei one class.

    Many images are tiles of one larger field of view. `patient` is that field, so a split can't put neighbours on both sides.
    Fluorescence images have one channel, the others red, green and blue; intensities run from 0 to 1. No pixel size is
    recorded, so `spacing` counts pixels.

    Args:
        stain: "fluorescence" (541 images), "stained" (107) or "brightfield" (16).

    Raises:
        NotHere: the data are not on this computer.
        UserError: an unknown stain, or a file is missing or broken.
    """
    folder = place_of("nuclei")
    with open(folder / "index.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    if stain not in (stains := sorted({row["stain"] for row in rows})):
        raise UserError(f"Unknown stain '{stain}'; choose from {', '.join(stains)}.")
    cases = [_nuclei_case(folder, row) for row in rows if row["stain"] == stain]
    channels = ("fluorescence",) if stain == "fluorescence" else ("red", "green", "blue")
    return Dataset(
        cases, ("background", "nucleus"), channels, "CC0",
        "Caicedo et al., 2019, doi:10.1038/s41592-019-0612-7 (BBBC038v1)", f"nuclei, {stain}",
    )  # fmt: skip


def _nuclei_case(folder: Path, row: dict[str, str]) -> Case:
    name = row["image"]
    pixels = torch.from_numpy(read_picture(folder / "images" / f"{name}.png")).float() / 255
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    image = pixels[..., :3].permute(2, 0, 1)  # (H, W, channels) -> (C, H, W), without alpha
    # The channels of a grey picture are copies of one; of the coloured ones, some were saved grey.
    image = image.mean(0, keepdim=True) if row["stain"] == "fluorescence" else image.expand(3, -1, -1)
    label_path = folder / "masks" / f"{name}.png"
    nucleus = as_label(read_picture(label_path), label_path) > 0
    return Case(image.contiguous(), nucleus.long(), (1.0, 1.0), row["field"], name)


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


def place_of(name: str) -> Path:
    """The folder of a set of real data, under `MEDSEGEDU_DATA` or in the cache.

    Raises:
        NotHere: it is in neither; the sentence says how to get it.
    """
    places = [Path(root) / name for root in (os.environ.get("MEDSEGEDU_DATA"), cache_folder()) if root]
    for place in places:
        if (place / PROOF[name]).exists():
            return place
    looked = " and ".join(map(str, places))
    raise NotHere(f"The {name} data are not on this computer (looked in {looked}); to get them, {HOW[name]}.")


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))  # macOS leaves ._ files
    if not found:
        raise UserError(f"The folder {folder} holds no file like {pattern}; unpack the archive again.")
    return found
