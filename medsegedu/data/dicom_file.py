"""One DICOM file: whole, of a kind that can be shown as grey values, and decoded into the scanner's unit."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.errors import InvalidDicomError

from medsegedu.data.grid import Grid
from medsegedu.data.pixels import Pixels, reading, short
from medsegedu.errors import UserError

_UNKNOWN = 0xFFFFFFFF  # the length of an element that has an end mark instead
_PIXELS, _TRAILING = 0x7FE00010, 0xFFFAFFFA  # of the pixels, and of the first element that may follow them
_CODECS = "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"


def is_dicom(path: Path) -> bool:
    """Whether a file carries DICOM's mark; the name says nothing."""
    try:
        with open(path, "rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def read_file(path: Path) -> Any:
    """The data set of a file with one grey image, all its values read."""
    with reading(path, "DICOM"):
        try:
            data = pydicom.dcmread(path)
            _check_end(data, path)
            _ = [
                element.value for element in data
            ]  # pydicom reads a value when it is asked for; a broken one shows now
        except InvalidDicomError as error:
            raise ValueError("it does not carry DICOM's mark") from error
        if "PixelData" not in data:
            raise UserError("it holds no image; leave it out (a report or a directory, perhaps, or a file cut short).")
        if int(data.get("NumberOfFrames", 1) or 1) > 1:
            raise UserError(
                "it holds several frames in one file; convert it to NIfTI first, for example with dcm2niix."
            )
        if int(data.get("SamplesPerPixel", 1)) != 1 or not str(data.PhotometricInterpretation).startswith("MONOCHROME"):
            raise UserError(f"it is in colour ({data.PhotometricInterpretation}); save it as PNG or TIFF.")
        if "ModalityLUTSequence" in data:
            raise UserError(
                "it holds a table of values in place of a slope; convert it to NIfTI first, e.g. with dcm2niix."
            )
    return data


def _check_end(data: Any, path: Path) -> None:
    """A file into which bytes slipped goes on behind its pixels, or its elements stand in another order than DICOM's."""
    tags = [int(tag) for tag in data.keys()]  # noqa: SIM118  # in the order of the file
    if tags != sorted(tags) or any(_PIXELS < tag < _TRAILING for tag in tags):
        raise ValueError("its elements are out of order: bytes are missing or added")
    last = data.get_item(tags[-1]) if tags else None
    deflated = getattr(data.file_meta.get("TransferSyntaxUID"), "is_deflated", False)
    if not isinstance(last, RawDataElement) or deflated or last.length == _UNKNOWN:
        return
    if last.value_tell + last.length != path.stat().st_size:
        raise ValueError("it does not end where its last element does: bytes are missing or added")


def picture(data: Any, path: Path) -> Pixels:
    """One image alone: (1, rows, columns)."""
    pixels = values(data, path)[None]  # (1, rows, columns)
    with reading(path, "DICOM"):
        mm = data.get("PixelSpacing") or data.get("ImagerPixelSpacing")
        notes = () if mm else ("no pixel size is recorded",)
        affine = np.diag([*(float(m) for m in mm), 1.0]) if mm else np.eye(3)
        if min(affine[0, 0], affine[1, 1]) <= 0:
            raise UserError(f"the pixel spacing {list(mm)} must be positive; export the image again.")
        return Pixels(pixels, Grid(pixels.shape[1:], affine), (name_of(data),), notes)


def values(data: Any, path: Path) -> NDArray[np.float32]:
    """(rows, columns) in the scanner's unit."""
    with reading(path, "DICOM"):
        syntax = data.file_meta.TransferSyntaxUID
        try:
            if not syntax.is_compressed:
                _check_length(data)
            stored = data.pixel_array
        except (RuntimeError, NotImplementedError, AttributeError) as error:
            if not syntax.is_compressed:
                raise
            raise UserError(
                f"{path} is compressed ({syntax.name}) and can't be decoded here ({short(error)}); "
                f"run `{_CODECS}`, or decompress it with `gdcmconv --raw`."
            ) from error
        slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
        if not (np.isfinite([slope, intercept]).all() and slope):
            raise UserError(f"its rescale slope {slope} and intercept {intercept} make no sense; export it again.")
        return (stored * slope + intercept).astype(np.float32)


def _check_length(data: Any) -> None:
    promised = int(data.Rows) * int(data.Columns) * int(data.BitsAllocated) // 8
    if not promised <= len(data.PixelData) <= promised + promised % 2:  # an odd length is padded
        raise ValueError(f"it holds {len(data.PixelData)} bytes of pixels, its header promises {promised}")


def name_of(data: Any) -> str:
    """What a series is called: its description, else its modality."""
    return str(data.get("SeriesDescription") or data.get("Modality") or "DICOM")
