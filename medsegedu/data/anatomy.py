"""The anatomy that every virtual patient is made from: the ICBM152 average brain, as the nilearn package ships it.

Three maps at 1 mm give, for each voxel, the share of cerebrospinal fluid (CSF), grey and white matter.

Reference: Fonov et al., "Unbiased average age-appropriate atlases for pediatric studies", NeuroImage 54(1), 2011
(ICBM 152 Nonlinear Symmetric, version 2009a).
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import nibabel
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.errors import UserError

CITATION = "ICBM 152 2009a (Fonov et al., 2011, doi:10.1016/j.neuroimage.2010.07.033), as shipped by nilearn"
ORIGIN_MM = (-98.0, -134.0, -72.0)  # world position of the first 1 mm voxel's centre


def anatomy_folder() -> Path:
    """Where nilearn keeps the templates. They are read from there because importing nilearn itself takes seconds."""
    spec = find_spec("nilearn")
    if spec is None or spec.origin is None:
        raise UserError("The anatomy comes with the package nilearn, which is not installed: pip install nilearn")
    return Path(spec.origin).parent / "datasets" / "data"


@lru_cache(maxsize=4)
def tissue_maps(spacing: tuple[float, float, float]) -> Tensor:
    """Shares of CSF, grey and white matter on a grid of `spacing` mm.

    Returns:
        (3, X, Y, Z) float32 in RAS order, each voxel the *average* over its volume, so that coarse voxels show partial
        volume as a scanner's do. At 2 mm: 99 x 117 x 95.
    """
    gm, wm, t1 = (_template(name) for name in ("gm", "wm", "t1"))
    csf = (1 - gm - wm).clamp(min=0) * (t1 > 0)  # what is inside the brain and neither grey nor white
    maps = torch.stack([csf, gm, wm])[None]  # (1, 3, 197, 233, 189)
    size = [int(np.ceil(n / s)) for n, s in zip(gm.shape, spacing, strict=True)]
    return F.interpolate(maps, size, mode="area")[0]  # (3, X, Y, Z)


def _template(tissue: str) -> Tensor:
    path = anatomy_folder() / f"mni_icbm152_{tissue}_tal_nlin_sym_09a_converted.nii.gz"
    if not path.exists():
        raise UserError(f"nilearn's anatomy is not at {path}; reinstall it: pip install --force-reinstall nilearn")
    return torch.from_numpy(np.asarray(nibabel.nifti1.load(path).dataobj, dtype=np.float32)) / 255
