"""Patches of a volume of 2 GB: seconds a patch, and the peak memory of the process, which must stay under 500 MB.

Run: python tests/benchmarks/lazy_volume.py [--patches 500] [--folder DIR]
The file is sparse: it has its length, but takes the disk space of a few blocks only.
"""

import argparse
import tempfile
import time
from pathlib import Path

import nibabel
import numpy as np

from medsegedu.data.lazy import LazyVolume
from medsegedu.training import peak_memory_mb

SIDE, PATCH, LIMIT = 1024, 64, 500  # voxels, voxels, MB


def sparse_volume(path: Path) -> None:
    """SIDE^3 voxels of int16, of zeros but for a marked diagonal, with the axes LPS so that they must be turned."""
    header = nibabel.Nifti1Header()
    header.set_data_shape((SIDE,) * 3)
    header.set_data_dtype(np.int16)
    header.set_sform(np.diag([-0.5, -0.5, 0.5, 1.0]), code=1)
    header["pixdim"][1:4], header["vox_offset"], header["magic"] = 0.5, 352, b"n+1"
    with open(path, "wb") as file:
        file.write(header.binaryblock + bytes(4))
        file.truncate(352 + 2 * SIDE**3)
        for i in range(0, SIDE, 32):
            file.seek(352 + 2 * (i + SIDE * i + SIDE**2 * i))
            file.write(np.int16(i + 1).tobytes())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--patches", type=int, default=500)
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        path = Path(folder) / "large.nii"
        sparse_volume(path)
        volume, before, random = LazyVolume(path), peak_memory_mb() or 0, np.random.default_rng(0)
        start = time.perf_counter()
        for _ in range(chosen.patches):
            volume.patch(random.integers(0, SIDE - PATCH, 3), (PATCH,) * 3)
        seconds = (time.perf_counter() - start) / chosen.patches
        for i in range(0, SIDE, 32):
            turned = (SIDE - 1 - i, SIDE - 1 - i, i)
            assert volume.patch(turned, (1, 1, 1)).item() == i + 1
        size, used = path.stat().st_size / 1e9, path.stat().st_blocks * 512 / 1e6
    print(
        f"{size:.2f} GB ({used:.1f} MB on the disk), {chosen.patches} patches of {PATCH}^3: {1000 * seconds:.2f} ms a patch"
    )
    peak = peak_memory_mb() or 0
    print(f"peak {peak:.0f} MB, of which {before:.0f} MB before the first patch (limit {LIMIT} MB)")
    assert peak < LIMIT


if __name__ == "__main__":
    main()
