"""Write a volume as a DICOM series, a file for each slice, as scanners hand them out."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from medsegedu.data.case import Case
from medsegedu.data.grid import Grid
from medsegedu.errors import UserError
from medsegedu.files import write_atomically

_TO_LPS = np.diag([-1.0, -1.0, 1.0])  # DICOM's x runs to the patient's left, y to the back
_DIGITS = 16_000  # the largest stored number


def save_dicom(folder: Path, case: Case, channel: int = 0, *, description: str = "MR") -> list[Path]:
    """One contrast of a volume as 16 bit slices along its last axis; for teaching and tests, not for a hospital's archive.

    Raises:
        UserError: the case is no volume, or the folder can't be written.
    """
    if case.dims != 3:
        raise UserError(f"Case {case.id} has {case.dims} axes; a DICOM series is made of a volume.")
    image, grid = case.image[channel].numpy(), Grid.of(case)
    slope = max(float(np.abs(image).max()), 1e-6) / _DIGITS
    stored = np.round(image / slope).astype("<i2")  # (X, Y, Z)
    steps = _TO_LPS @ grid.affine[:3, :3]  # a column for each axis
    directions = (steps / np.linalg.norm(steps, axis=0)).T
    uid = generate_uid(entropy_srcs=[case.id, description])
    written = []
    for k in range(image.shape[2]):
        data = _header(uid, k + 1)
        data.PatientID, data.SeriesDescription = case.patient, description
        data.ImageOrientationPatient = _numbers([*directions[0], *directions[1]])
        data.ImagePositionPatient = _numbers(_TO_LPS @ (grid.affine @ [0, 0, k, 1])[:3])
        data.PixelSpacing = _numbers([grid.spacing[1], grid.spacing[0]])  # between rows, between columns
        data.SliceThickness = f"{grid.spacing[2]:.6g}"
        data.RescaleSlope, data.RescaleIntercept = f"{slope:.8g}", 0
        data.Rows, data.Columns = image.shape[1], image.shape[0]
        data.PixelData = stored[:, :, k].T.tobytes()  # (X, Y) -> rows along y
        buffer = io.BytesIO()
        pydicom.dcmwrite(buffer, data)
        written.append(write_atomically(folder / f"slice-{k + 1:03d}.dcm", buffer.getvalue()))
    return written


def _header(uid: str, number: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = MRImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[uid, str(number)])
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    if pydicom.__version__ < "3":  # which does not conclude it from the transfer syntax
        data.is_little_endian, data.is_implicit_VR = True, False
    data.SOPClassUID, data.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    data.SeriesInstanceUID, data.StudyInstanceUID = uid, generate_uid(entropy_srcs=[uid])
    data.Modality, data.InstanceNumber = "MR", number
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    return data


def _numbers(values: Sequence[float] | np.ndarray) -> list[str]:
    return [f"{value:.7g}" for value in values]
