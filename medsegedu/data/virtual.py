"""Virtual patients: brain MRI with lesions whose truth is known exactly, made in a fraction of a second, with no download.

A patient is a smooth random deformation of one anatomy (`anatomy.py`). Each tissue gets the intensity that it has in T1,
T2 and FLAIR images, with a jitter of the patient's own; lesions with an irregular boundary are put into the white matter;
then come the scanner's faults: a bias field, Rician noise, another intensity law. Nobody drew the labels, so nobody drew
them wrong.

What virtual patients can't show (motion, skull, vessels, real disease), the lessons' reality checks on real patients do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data.anatomy import CITATION, ORIGIN_MM, tissue_maps
from medsegedu.data.cache import cached
from medsegedu.data.case import Case, Dataset
from medsegedu.data.fields import smooth_field
from medsegedu.data.lesions import Lesions, lesion_shares
from medsegedu.errors import UserError

CLASSES = ("background", "CSF", "grey matter", "white matter", "lesion")
#             CSF  grey  white lesion
INTENSITY = {
    "T1": (0.15, 0.55, 0.85, 0.45),
    "T2": (0.95, 0.60, 0.40, 0.90),
    "FLAIR": (0.08, 0.62, 0.50, 0.98),
}
DISPLACEMENT_MM = 4.0  # root mean square of the deformation
_VERSION = 1  # part of the cache's key: raise it when the recipe changes


@dataclass(frozen=True)
class Scanner:
    """How the machine turns tissue into intensity.

    Args:
        noise: standard deviation of each part of the complex signal; magnitudes are Rician, as in MRI.
        bias: root mean square of the log of the smooth shading.
        gamma: intensity law, `intensity ** gamma`; another scanner has another.
        jitter: how much a tissue's mean differs between patients.
    """

    noise: float = 0.03
    bias: float = 0.10
    gamma: float = 1.0
    jitter: float = 0.03


def virtual_patients(
    n: int,
    seed: int = 0,
    *,
    dims: int = 2,
    contrasts: Sequence[str] = ("T1", "T2", "FLAIR"),
    spacing: float | tuple[float, float, float] = 2.0,
    lesions: Lesions | None = Lesions(),
    scanner: Scanner = Scanner(),
    slices: int = 8,
) -> Dataset:
    """Make `n` patients; patient i of a seed is always the same one, and is kept on disk once made.

    Args:
        contrasts: the channels, in this order. A patient has the same anatomy and lesions in any selection, but not the same
            brightness and noise: to compare contrasts, make all of them and take channels.
        dims: 3 for volumes (C, X, Y, Z) in RAS order; 2 for axial slices (C, H, W), the front of the head at the top.
        spacing: voxel size in mm, one number or one per axis (x, y, z). 2 mm gives 99 x 117 x 95.
        lesions: their difficulty, or None for healthy patients.
        slices: how many axial slices of each patient (2D only), evenly spaced through the cerebrum.

    Raises:
        UserError: an unknown contrast, or a number that makes no sense.
    """
    grid = (float(spacing),) * 3 if isinstance(spacing, int | float) else tuple(float(s) for s in spacing)
    if unknown := [name for name in contrasts if name not in INTENSITY]:
        raise UserError(f"Unknown contrast '{unknown[0]}'; choose from {', '.join(INTENSITY)}.")
    if n < 1 or dims not in (2, 3) or min(grid) < 0.5 or len(grid) != 3:
        raise UserError(f"Ask for n >= 1 (here {n}), dims 2 or 3 (here {dims}), spacing >= 0.5 mm (here {spacing}).")
    cases: list[Case] = []
    for index in range(n):
        key = (_VERSION, seed, index, dims, tuple(contrasts), grid, lesions, scanner, slices if dims == 2 else 0)
        image, label, planes = cached(
            "virtual",
            key,
            lambda index=index: _patient(seed, index, dims, contrasts, grid, lesions, scanner, slices),  # type: ignore[misc]
        )
        cases += _cases(image, label.long(), planes.tolist(), grid, f"virtual-{seed}-{index:03d}", dims)
    return Dataset(
        cases, CLASSES, tuple(contrasts), "generated; anatomy under the ICBM licence", CITATION, "virtual patients"
    )


def ruler(dims: int = 2) -> Dataset:
    """The held-out patients that measure every model of the course. Nothing is ever trained on them."""
    return virtual_patients(16 if dims == 2 else 8, seed=20_150_518, dims=dims)


def _cases(
    image: Tensor, label: Tensor, planes: list[int], grid: tuple[float, ...], patient: str, dims: int
) -> list[Case]:
    affine = np.diag([*grid, 1.0])
    affine[:3, 3] = [o + (s - 1) / 2 for o, s in zip(ORIGIN_MM, grid, strict=True)]  # centre of the first, larger voxel
    if dims == 3:
        return [Case(image, label, grid, patient, patient, affine)]
    cases = []
    for k, z in enumerate(planes):
        # (C, X, Y) -> (C, Y, X), then rows from the front of the head to the back, as a radiograph hangs
        upright = image[..., k].transpose(1, 2).flip(1).contiguous()
        cases.append(
            Case(upright, label[..., k].T.flip(0).contiguous(), (grid[1], grid[0]), patient, f"{patient}-z{z:03d}")
        )
    return cases


def _patient(
    seed: int, index: int, dims: int, contrasts: Sequence[str], grid: tuple[float, ...], lesions: Lesions | None,
    scanner: Scanner, slices: int,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """One patient on the planes that are asked for -> image (C, X, Y, planes), label (X, Y, planes) uint8, planes."""
    random = [np.random.default_rng([seed, index, stream]) for stream in range(4)]  # anatomy, tissue, lesions, scanner
    atlas = tissue_maps(grid)  # (3, X, Y, Z)
    width, height, depth = atlas.shape[1:]
    size = torch.tensor([width, height, depth])
    planes = torch.arange(depth) if dims == 3 else torch.linspace(0.38, 0.78, slices).mul(depth).round().long()

    # Each voxel of the patient looks up its tissue at its own place plus a smooth random displacement.
    axes = torch.meshgrid(torch.arange(width), torch.arange(height), planes, indexing="ij")
    place = torch.stack(axes).float()  # (3, X, Y, P) voxels
    shift = smooth_field(random[0], 3, 5, (width, height, depth), planes) * DISPLACEMENT_MM  # (3, X, Y, P) mm
    place += shift / torch.tensor(grid)[:, None, None, None]
    unit = (
        2 * place / (size[:, None, None, None] - 1) - 1
    )  # grid_sample's -1..1, centre of first voxel to centre of last
    lookup = unit.flip(0).permute(1, 2, 3, 0)[None]  # (1, X, Y, P, 3), last axis in z, y, x order
    tissue = F.grid_sample(atlas[None], lookup, align_corners=True)[0]  # (3, X, Y, P)

    lesion = torch.zeros(tissue.shape[1:])  # (X, Y, P)
    if lesions is not None:
        lesion = lesion_shares(random[2], lesions, atlas[2], place, torch.tensor(grid)) * (1 - tissue[0])
        lesion *= tissue.sum(0).clamp(max=1)  # never outside the brain or in the fluid
    shares = torch.cat([tissue * (1 - lesion), lesion[None]])  # (4, X, Y, P)
    background = 1 - shares.sum(0, keepdim=True)  # (1, X, Y, P)
    label = _largest(torch.cat([background, shares]))  # (X, Y, P)

    means = torch.tensor([INTENSITY[name] for name in contrasts])  # (C, 4)
    means += scanner.jitter * torch.from_numpy(random[1].standard_normal((len(INTENSITY), 4)))[: len(contrasts)].float()
    if lesions is not None:
        means[:, 3] = means[:, 2] + lesions.contrast * (means[:, 3] - means[:, 2])
    image = torch.einsum("ct,txyp->cxyp", means, shares).clamp(min=0) ** scanner.gamma  # (C, X, Y, P)
    bias = smooth_field(random[3], len(contrasts), 3, (width, height, depth), planes) * scanner.bias  # (C, X, Y, P)
    return _rician(image * bias.exp(), scanner.noise, (seed, index), planes), label, planes


def _largest(shares: Tensor) -> Tensor:
    """argmax over the first axis as uint8, in a fifth of the time that torch's own takes along a strided axis."""
    label = torch.zeros(shares.shape[1:], dtype=torch.uint8)
    most = shares[0].clone()
    for value, share in enumerate(shares[1:], start=1):
        label[share > most] = value
        torch.maximum(most, share, out=most)
    return label


def _rician(image: Tensor, noise: float, key: tuple[int, int], planes: Tensor) -> Tensor:
    """The magnitude of a complex signal with Gaussian noise in both parts; a plane's noise depends on the plane alone."""
    noisy = torch.empty_like(image)
    for k, z in enumerate(planes.tolist()):
        draw = np.random.default_rng([*key, 4, z]).standard_normal(
            (2, *image.shape[:3]), dtype=np.float32
        )  # (2, C, X, Y)
        real, imaginary = torch.from_numpy(draw) * noise
        noisy[..., k] = torch.hypot(image[..., k] + real, imaginary)
    return noisy
