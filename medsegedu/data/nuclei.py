"""The nuclei of the 2018 Data Science Bowl: reading the pictures, and finding out what nobody wrote down about them.

A set is a folder with `images` and `masks` (PNG files of one name) and `index.csv` with a row for each image: image, stain,
height, width, nuclei, field. The public archive has only pictures; `lay_out` makes the rest.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skimage import io

from medsegedu.data.compact import CompactCase
from medsegedu.data.duplicates import copies, detail_of, grey
from medsegedu.data.images import as_label, read_picture
from medsegedu.data.store import Arrays, stamp, stored
from medsegedu.data.tiles import edges_of, groups_of, seams
from medsegedu.errors import UserError

Bytes = NDArray[np.uint8]
COLUMNS = ("image", "stain", "height", "width", "nuclei", "field")


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The rows of index.csv.

    Raises:
        UserError: it can't be read, or has other columns.
    """
    path = folder / "index.csv"
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} can't be read ({error}); copy it again from its source.") from error
    if not rows or not {"image", "stain"} <= set(rows[0]):
        raise UserError(f"{path} has no rows with the columns 'image' and 'stain'; copy it again from its source.")
    return rows


def nuclei_cases(folder: Path, names: Sequence[str], kind: str, colours: bool) -> list[CompactCase]:
    """The named images with their masks, from the cache when these very files were read before.

    Args:
        kind: what to call these images in the cache.
        colours: whether to keep red, green and blue, or their mean as one channel.
    """
    paths = [folder / kind / f"{name}.png" for name in names for kind in ("images", "masks")]
    key = (1, colours, *map(stamp, paths))
    kept = stored(f"nuclei-{kind}", key, lambda: _read(folder, names, colours))
    pixels, masks = torch.from_numpy(kept["pixels"]), torch.from_numpy(kept["masks"])
    cases, start, plane = [], 0, 0
    for name, shape, field in zip(names, kept["shapes"].tolist(), kept["fields"].tolist(), strict=True):
        size = shape[1] * shape[2]
        image = pixels[start : start + shape[0] * size].view(shape)
        label = masks[plane : plane + size].view(shape[1:])
        cases.append(CompactCase(image, label, (1.0, 1.0), f"field-{field:03d}", name))
        start, plane = start + shape[0] * size, plane + size
    return cases


def fields_of(images: Iterable[Bytes]) -> list[int]:
    """A number for each image (C, H, W), equal where images are tiles of one field of view or show the same nuclei twice."""
    traces = [(plane.shape, edges_of(plane), detail_of(plane)) for plane in map(grey, images)]
    neighbours = seams([edges for _, edges, _ in traces], [shape for shape, _, _ in traces])
    doubles = copies([detail for _, _, detail in traces])
    pairs = [(seam.first, seam.second) for seam in neighbours] + [(copy.first, copy.second) for copy in doubles]
    return groups_of(len(traces), pairs)


def stain_of(image: NDArray[Any]) -> str:
    """ "fluorescence" (grey on black), "stained" (coloured) or "brightfield" (grey on white), of (C, H, W) bytes."""
    if len(image) == 3 and float(np.ptp(image.astype(np.float32), axis=0).mean()) > 2:
        return "stained"
    return "brightfield" if np.median(image) > 127 else "fluorescence"


def lay_out(folder: Path) -> None:
    """Turn the public archive's pairs (train|test)/(images|masks)/NAME.tif, wherever below `folder`, into a set.

    Raises:
        UserError: an image has no mask, or a picture can't be read.
        OSError: writing failed.
    """
    originals = sorted(path for path in folder.rglob("images/*") if path.suffix.lower() in (".tif", ".tiff", ".png"))
    for kind in ("images", "masks"):
        (folder / kind).mkdir(exist_ok=True)
    pictures, rows = [], []
    for path in originals:
        drawn = path.parent.parent / "masks" / path.name
        mask = np.asarray(as_label(read_picture(drawn), drawn))
        image = _as_bytes(_channels(read_picture(path)))
        pictures.append(image)
        height, width = mask.shape
        numbers = np.unique(mask)
        rows.append([path.stem, stain_of(image), height, width, int((numbers > 0).sum())])
        for original, kind, pixels in (
            (path, "images", np.moveaxis(image, 0, -1)),
            (drawn, "masks", mask.astype(np.uint16)),
        ):
            target = folder / kind / f"{path.stem}.png"
            io.imsave(target, pixels.squeeze(), check_contrast=False)
            if original != target:
                original.unlink()
    for empty in sorted(folder.rglob("*"), reverse=True):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()
    with open(folder / "index.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([*row, f"field{field:03d}"] for row, field in zip(rows, fields_of(pictures), strict=True))


def _read(folder: Path, names: Sequence[str], colours: bool) -> Arrays:
    """Pictures of any sizes as four arrays: all pixels, all masks, (N, 3) shapes, (N,) fields."""
    pixels, masks, shapes = bytearray(), bytearray(), []  # they grow without a second copy of all

    def images() -> Iterator[Bytes]:
        for name in names:
            image, nucleus = _picture(folder, name, colours)
            pixels.extend(image.tobytes())
            masks.extend(nucleus.tobytes())
            shapes.append(image.shape)
            yield image

    fields = fields_of(images())
    return {
        "pixels": np.frombuffer(pixels, np.uint8), "masks": np.frombuffer(masks, np.uint8), "shapes": np.array(shapes),
        "fields": np.array(fields),
    }  # fmt: skip


def _picture(folder: Path, name: str, colours: bool) -> tuple[Bytes, NDArray[np.bool_]]:
    """(C, H, W) pixels and (H, W) mask of one image."""
    image = _as_bytes(_channels(read_picture(folder / "images" / f"{name}.png")))
    if colours:
        image = np.broadcast_to(image, (3, *image.shape[1:]))  # of the coloured ones, some were saved grey
    elif len(image) == 3:
        image = np.rint(image.mean(0, keepdims=True)).astype(np.uint8)
    path = folder / "masks" / f"{name}.png"
    mask = np.asarray(as_label(read_picture(path), path)) > 0
    if mask.shape != image.shape[1:]:
        raise UserError(
            f"{path} is {mask.shape} but its image is {image.shape[1:]}; copy both again from their source."
        )
    return image, mask


def _channels(pixels: NDArray[Any]) -> NDArray[Any]:
    """(H, W) or (H, W, channels) -> (1 or 3, H, W), without alpha, and one channel where all are equal."""
    image = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    image = image[:3] if len(image) >= 3 else image[:1]
    return image[:1] if (image == image[:1]).all() else image


def _as_bytes(image: NDArray[Any]) -> Bytes:
    """Deeper pictures are scaled so that their own maximum is 255; those that fit into bytes keep their values."""
    top = float(image.max())
    return image.astype(np.uint8) if top <= 255 else np.rint(image * (255 / top)).astype(np.uint8)
