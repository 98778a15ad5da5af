"""Some four hundred broken files: none crashes, hangs, or gives a wrong image in silence.

The rule for each file: it is refused with a UserError that names it, or the image is the original to the last bit, or it comes
with a note. One exception can't be helped: uncompressed NIfTI, NumPy, DICOM and TIFF carry no checksum, so a byte that changed
into another that is as good (a voxel's value, a digit of a spacing) can't be noticed by anyone. There, and there only, a
*changed* byte may change values, but not the size; *missing* and added bytes are always noticed, for the header says how many
there must be. Where a file carries a checksum (gzip, PNG, the zip of an .npz), there is no exception.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from written import nifti, png, series, volume

from medsegedu.data import read_image
from medsegedu.data.images import read_pixels
from medsegedu.errors import UserError

SECONDS = 20  # for one small file, on a machine that is busy with other things
EACH = 48
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, about values that it finds odd

random = np.random.default_rng(0)


def _npz(path: Path) -> Path:
    np.savez_compressed(path, image=volume()[None], spacing=(1.0, 2.0, 3.0))
    return path


def _npy(path: Path) -> Path:
    np.save(path, volume())
    return path


def _tiff(path: Path, compression: str | None) -> Path:
    tifffile.imwrite(path, volume((3, 8, 9)).astype(np.uint16), photometric="minisblack", compression=compression)
    return path


def _dicom(path: Path) -> Path:
    return series(path, volume((4, 8, 9))) / "s002.dcm"


# name: (how to write the file, whether the format has a checksum over all that matters)
KINDS: dict[str, tuple[Callable[[Path], Path], bool]] = {
    "a.nii.gz": (nifti, True),
    "a.nii": (nifti, False),
    "a.png": (lambda path: png(path, volume((9, 8)).astype(np.uint8)), True),
    "deep.png": (lambda path: png(path, volume((9, 8)).astype(np.uint16)), True),
    "a.npz": (_npz, True),
    "a.npy": (_npy, False),
    "series": (_dicom, False),
    "a.tif": (lambda path: _tiff(path, None), False),
    "deflated.tif": (lambda path: _tiff(path, "zlib"), False),
}


def corruptions(whole: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` broken copies, half of them broken in the first 400 bytes, where headers are."""
    draw = np.random.default_rng(seed)
    for i in range(count):
        kind = ("bit", "byte", "cut", "gap", "bytes", "zeros", "added", "byte")[i % 8]
        place = int(draw.integers(min(400, len(whole)) if (i // 8) % 2 else len(whole)))
        broken = bytearray(whole)
        if kind == "bit":
            broken[place] ^= 1 << int(draw.integers(8))
        elif kind == "byte":
            broken[place] = (broken[place] + int(draw.integers(1, 256))) % 256
        elif kind == "bytes":
            for other in draw.integers(len(whole), size=8):
                broken[other] = int(draw.integers(256))
        elif kind == "zeros":
            broken[place : place + 16] = bytes(len(broken[place : place + 16]))
        elif kind == "cut":
            del broken[place:]
        elif kind == "gap":
            del broken[place : place + int(draw.integers(1, 64))]
        else:
            broken[place:place] = draw.bytes(int(draw.integers(1, 64)))
        if bytes(broken) != whole:
            yield kind, bytes(broken)


def judge(path: Path, target: Path, whole: bytes, *, checksum: bool, count: int, seed: int) -> Counter[str]:
    """Break `path` in many ways, read `target` (the file, or its folder), and count what came of it."""
    original, notes = read_image(target), read_pixels(target).notes
    found: Counter[str] = Counter()
    sentences = []
    for kind, broken in corruptions(whole, count, seed):
        path.write_bytes(broken)
        start = time.perf_counter()
        try:
            case = read_image(target)
        except UserError as error:
            sentences.append(str(error))
            outcome = "refused"
        else:
            same = case.image.shape == original.image.shape and bool((case.image == original.image).all())
            placed = case.spacing == original.spacing and np.array_equal(case.affine, original.affine)
            if same and placed:
                outcome = "identical"
            elif read_pixels(target).notes != notes:
                outcome = "noted"
            else:
                outcome = "changed"
                assert not checksum, f"{kind}: a wrong image in silence"
                assert kind in ("bit", "byte", "bytes", "zeros"), (
                    f"{kind}: nobody noticed that bytes are missing or added"
                )
                assert case.image.shape == original.image.shape, f"{kind}: another size"
        assert time.perf_counter() - start < SECONDS, kind
        found[outcome] += 1
    assert all(path.name in sentence or target.name in sentence for sentence in sentences)
    return found


@pytest.mark.parametrize("name", KINDS)
def test_broken_files_are_refused_or_harmless(tmp_path: Path, name: str) -> None:
    write, checksum = KINDS[name]
    path = write(tmp_path / name)
    target = tmp_path / name
    found = judge(path, target, path.read_bytes(), checksum=checksum, count=EACH, seed=sum(name.encode()))
    assert sum(found.values()) >= EACH - 4  # now and then zeros replace zeros
    assert found["refused"] >= EACH // 4, found


@pytest.mark.parametrize(
    "place", ["hippocampus/imagesTr/*.nii.gz", "hippocampus/labelsTr/*.nii.gz", "nuclei/images/*.png"]
)
def test_broken_real_files_too(tmp_path: Path, place: str) -> None:
    root = Path(os.environ.get("MEDSEGEDU_DATA", "no folder"))
    files = sorted(file for file in root.glob(place) if not file.name.startswith("."))[:4]
    if not files:
        pytest.skip("only with the real files in MEDSEGEDU_DATA")
    for number, file in enumerate(files):
        copy = tmp_path / file.name
        copy.write_bytes(file.read_bytes())
        found = judge(copy, copy, file.read_bytes(), checksum=True, count=16, seed=number)
        assert found["refused"] > 8, found


def test_every_single_byte_of_a_header_can_break(tmp_path: Path) -> None:
    """Each of the 352 bytes before the voxels of an uncompressed volume, changed: refused, noted, or the size stays."""
    path = nifti(tmp_path / "a.nii")
    whole, original = path.read_bytes(), read_image(path)
    found: Counter[str] = Counter()
    for place in range(352):
        broken = bytearray(whole)
        broken[place] ^= 0x55
        path.write_bytes(broken)
        try:
            case = read_image(path)
        except UserError as error:
            found["refused"] += str(path) in str(error)
            continue
        assert case.image.shape == original.image.shape
        moved = not np.allclose(case.affine, original.affine, atol=0.02)  # the last bits of a number are no place
        if moved:
            assert read_pixels(path).notes, place  # sform and qform tell on each other
        found["moved" if moved else "same"] += 1
    assert found["refused"] > 30
    assert found["moved"] > 10
