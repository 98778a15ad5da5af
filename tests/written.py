"""Small image files of every kind, for tests to read and to break."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

AFFINE = np.array([[-1.5, 0, 0, 20], [0, 2, 0, -30], [0, 0, 3, 5], [0, 0, 0, 1.0]])  # left, front, up


def volume(shape: tuple[int, ...] = (5, 6, 7), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1000, 3000, shape).astype(np.int16)


def nifti(path: Path, array: np.ndarray | None = None, affine: np.ndarray | None = None, **header: Any) -> Path:
    """A NIfTI file with sform and qform; `header` overwrites fields as they stand in the file, whatever nibabel thinks of it."""
    image = nibabel.Nifti1Image(volume() if array is None else array, AFFINE if affine is None else affine)
    image.set_qform(AFFINE if affine is None else affine, code=1)
    content = image.to_bytes()
    if header:
        head = nibabel.Nifti1Header(content[:348], check=False)
        for name, value in header.items():
            head[name] = value
        content = head.binaryblock + content[348:]
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(_gzip(content) if path.suffix == ".gz" else content)
    return path


def _gzip(content: bytes) -> bytes:
    import gzip

    return gzip.compress(content, mtime=0)


def png(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def png16(array: np.ndarray, colour: int) -> bytes:
    """A PNG of 16 bits (H, W, channels), which Pillow can't write for colours; `colour` is the format's code."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def dicom_slice(pixels: np.ndarray, position: np.ndarray, uid: str, number: int = 1, **tags: Any) -> FileDataset:
    """One slice (rows, columns) of 16 bits at `position` (LPS mm), axial and 0.8 x 0.6 mm unless `tags` say otherwise."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[uid, str(number)])
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    if pydicom.__version__ < "3":  # which does not conclude it from the transfer syntax
        data.is_little_endian, data.is_implicit_VR = True, False
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.SeriesInstanceUID, data.StudyInstanceUID = uid, generate_uid(entropy_srcs=["study"])
    data.Modality, data.SeriesDescription, data.InstanceNumber = "CT", "thorax", number
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.PixelSpacing, data.ImageOrientationPatient = [0.8, 0.6], [1, 0, 0, 0, 1, 0]
    data.ImagePositionPatient = [f"{x:.6f}" for x in position]
    data.RescaleSlope, data.RescaleIntercept = 2, -1000
    data.PixelData = pixels.astype("<i2").tobytes()
    for name, value in tags.items():
        setattr(data, name, value)
    return data


def dicom_bytes(data: FileDataset) -> bytes:
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, data)
    return buffer.getvalue()


def series(folder: Path, stack: np.ndarray | None = None, *, step: float = 2.5, name: str = "s", **tags: Any) -> Path:
    """Slices (slices, rows, columns) in files whose names run against their order in the body."""
    stack = volume((4, 5, 6)) if stack is None else stack
    folder.mkdir(parents=True, exist_ok=True)
    uid = generate_uid(entropy_srcs=[name])
    directions = np.asarray(tags.get("ImageOrientationPatient", [1, 0, 0, 0, 1, 0]), float).reshape(2, 3)
    normal = np.cross(*directions)
    for i, pixels in enumerate(stack):
        data = dicom_slice(pixels, np.array([-10, 20, 30]) + i * step * normal, uid, i + 1, **tags)
        (folder / f"{name}{len(stack) - i:03d}.dcm").write_bytes(dicom_bytes(data))
    return folder
