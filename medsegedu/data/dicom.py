"""A DICOM series as one volume: slices in the order of their positions, in the unit of the scanner (HU in CT).

A folder of DICOM files says nothing by its names or its numbers; only the position and the direction in each header order the
slices (DICOM PS3.3, C.7.6.2.1.1). Anything that would give a wrong volume is refused: slices of two series, a missing
or doubled slice, slices that differ in their geometry.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.data.dicom_file import is_dicom, name_of, picture, read_file, values
from medsegedu.data.grid import Grid
from medsegedu.data.pixels import Pixels, reading, turned
from medsegedu.errors import UserError

_SAME = ("Rows", "Columns", "ImageOrientationPatient", "PixelSpacing", "BitsAllocated", "PixelRepresentation",
         "PhotometricInterpretation", "RescaleSlope", "RescaleIntercept", "Modality")  # fmt: skip
_OWN_SCALE = ("PT", "NM")  # whose slices may each have a slope of their own


def dicom_files(folder: Path) -> list[Path]:
    """The DICOM files that lie in a folder, with those that should be by their name but have lost their mark."""
    with reading(folder, "a folder"):
        files = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".") and p.name != "DICOMDIR"]
    return sorted(p for p in files if p.suffix.lower() in (".dcm", ".ima") or is_dicom(p))


def read_dicom_pixels(path: Path, *, series: str | None = None) -> Pixels:
    """One file as a picture (1, rows, columns), or a folder as a volume (1, X, Y, Z), turned to RAS.

    Args:
        series: the description or UID of the wanted series, in a folder that holds several.

    Raises:
        UserError: no DICOM file, several series, a missing or doubled slice, or one that can't be decoded; with the fix.
    """
    if not path.is_dir():
        return picture(read_file(path), path)
    files = dicom_files(path)
    if not files:
        raise UserError(f"{path} holds no DICOM file; give the folder that the slices lie in.")
    slices = _chosen([(read_file(file), file) for file in files], path, series)
    if len(slices) == 1:
        return picture(*slices[0])
    for data, file in slices:
        with reading(file, "DICOM"):
            if other := _difference(slices[0][0], data):
                raise UserError(
                    f"it differs from {slices[0][1].name} in {other}; keep slices of one geometry in a folder."
                )
    ordered, affine, notes = _ordered(slices, path)
    # (slices, rows, columns) -> (X, Y, Z): a column's index runs along the row, DICOM's first direction
    stack = np.stack([values(data, file) for data, file in ordered]).transpose(2, 1, 0)
    with reading(path, "DICOM"):
        return turned(Pixels(stack[None], Grid(stack.shape, affine), (name_of(ordered[0][0]),), tuple(notes)))


def _chosen(slices: list[tuple[Any, Path]], path: Path, series: str | None) -> list[tuple[Any, Path]]:
    found: dict[str, list[tuple[Any, Path]]] = defaultdict(list)
    for data, file in slices:
        found[str(data.get("SeriesInstanceUID", "no UID"))].append((data, file))
    listed = "; ".join(f"{name_of(group[0][0])} ({len(group)} files, {uid})" for uid, group in found.items())
    if series is not None:
        wanted = [group for uid, group in found.items() if series in (uid, name_of(group[0][0]))]
        if len(wanted) != 1:
            raise UserError(f"{path} holds {len(wanted)} series '{series}'; choose by UID from {listed}.")
        return wanted[0]
    if len(found) > 1:
        raise UserError(f"{path} holds {len(found)} series: {listed}; keep one a folder, or choose one with series=.")
    return slices


def _difference(one: Any, other: Any) -> str:
    """The name of the first property that slices of one volume share and these don't; "" if there is none."""
    own = ("RescaleSlope", "RescaleIntercept") if one.get("Modality") in _OWN_SCALE else ()
    for name in _SAME:
        a, b = one.get(name), other.get(name)
        if name == "ImageOrientationPatient" and a is not None and b is not None:
            if not np.allclose(np.asarray(a, float), np.asarray(b, float), atol=1e-4):
                return name
        elif a != b and name not in own:
            return name
    return ""


def _ordered(
    slices: list[tuple[Any, Path]], path: Path
) -> tuple[list[tuple[Any, Path]], NDArray[np.float64], list[str]]:
    """The slices from the first to the last along their normal, and the affine from (column, row, slice) to RAS."""
    first = slices[0][0]
    with reading(path, "DICOM"):
        missing = [file for data, file in slices if "ImagePositionPatient" not in data]
        if missing or "ImageOrientationPatient" not in first or "PixelSpacing" not in first:
            raise UserError(
                "its slices lack a position, direction or pixel spacing; export them again with all headers."
            )
        along, down = np.asarray(first.ImageOrientationPatient, float).reshape(2, 3)
        down_mm, along_mm = (float(mm) for mm in first.PixelSpacing)
        if not (np.isfinite([along_mm, down_mm]).all() and min(along_mm, down_mm) > 0):
            raise UserError(f"the pixel spacing {[down_mm, along_mm]} must be positive; export the series again.")
        places = np.array([np.asarray(data.ImagePositionPatient, float) for data, _ in slices])  # (slices, 3)
        if not np.isfinite([*places.ravel(), *along, *down]).all():
            raise UserError("a position or direction of its slices is not a number; export the series again.")
        heights = places @ np.cross(along, down)  # mm along the normal
    order = np.argsort(heights, kind="stable")
    _check_gaps(heights[order], [slices[i][1] for i in order], path)
    step = (places[order[-1]] - places[order[0]]) / (len(slices) - 1)
    line = places[order[0]] + np.arange(len(slices))[:, None] * step
    if np.abs(places[order] - line).max() > 0.05 * np.linalg.norm(step) + 0.01:
        raise UserError(
            f"{path}: its slices do not lie on a straight line; leave out the scout images, or those that moved."
        )
    affine = np.eye(4)
    affine[:3] = np.column_stack([along * along_mm, down * down_mm, step, places[order[0]]])
    affine[:2] *= -1  # DICOM's world is LPS
    tilted = np.abs(np.cross(step, np.cross(along, down))).max() > 0.01 * np.linalg.norm(step)
    return [slices[i] for i in order], affine, ["its slices are sheared (a tilted gantry)"] if tilted else []


def _check_gaps(heights: NDArray[np.float64], files: Sequence[Path], path: Path) -> None:
    gaps = np.diff(heights)
    usual = float(np.median(gaps[gaps > 0.01])) if (gaps > 0.01).any() else 0.0
    for i, gap in enumerate(gaps):
        pair = f"{files[i].name} and {files[i + 1].name}"
        if gap <= 0.01:
            raise UserError(
                f"{path}: {pair} lie in the same place ({heights[i]:.2f} mm), a doubled slice or another time point; keep one."
            )
        if abs(gap - usual) > 0.1 * usual:
            lost = round(gap / usual) - 1
            why = f"{lost} slice{'s are' if lost > 1 else ' is'} missing" if lost > 0 else "the spacing is uneven"
            raise UserError(
                f"{path}: between {pair} lie {gap:.2f} mm, elsewhere {usual:.2f}: {why}; export the whole series again."
            )
