"""Pictures and NumPy files keep every bit, or are refused in one sentence that names the file and the fix."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from written import AFFINE, png, png16

from medsegedu.data import read_image, read_label, read_picture
from medsegedu.data.images import read_pixels
from medsegedu.errors import UserError

random = np.random.default_rng(0)


def test_pictures_keep_all_their_bits(tmp_path: Path) -> None:
    deep = random.integers(0, 65536, (7, 9)).astype(np.uint16)
    assert np.array_equal(read_image(png(tmp_path / "deep.png", deep)).image[0], deep.astype(np.float32))
    assert read_picture(tmp_path / "deep.png").dtype == np.uint16
    colour = random.integers(0, 256, (7, 9, 3)).astype(np.uint8)
    case = read_image(png(tmp_path / "colour.png", colour))
    assert np.array_equal(case.image, colour.transpose(2, 0, 1).astype(np.float32))
    assert (case.spacing, case.affine) == ((1.0, 1.0), None)
    for kind, channels in ((2, 3), (6, 4), (4, 2)):
        (tmp_path / "lost.png").write_bytes(png16(random.integers(0, 65536, (7, 9, channels)), kind))
        with pytest.raises(UserError, match=r"lost\.png: it has 16 bits in each of several channels.*TIFF"):
            read_image(tmp_path / "lost.png")
    (tmp_path / "grey.png").write_bytes(png16(deep[..., None], 0))
    assert np.array_equal(read_picture(tmp_path / "grey.png"), deep)


def test_a_png_is_read_to_its_last_checksum(tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", random.integers(0, 256, (7, 9)).astype(np.uint8))
    whole = path.read_bytes()
    sums = whole[:-16] + bytes(4) + whole[-12:]  # the checksum before the end mark
    for broken, why in (
        (sums, "its checksum is wrong"),
        (whole[:-12], "ends too early"),
        (whole[:-2], "ends too early"),
    ):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=rf"a\.png can't be read as an image \(.*{why}"):
            read_image(path)


def test_alpha_is_dropped_where_it_says_nothing_and_refused_where_it_does(tmp_path: Path) -> None:
    colour = random.integers(0, 256, (7, 9, 4)).astype(np.uint8)
    colour[..., 3] = 255
    pixels = read_pixels(png(tmp_path / "opaque.png", colour))
    assert (len(pixels.array), pixels.notes) == (3, ("an opaque alpha channel was left out",))
    colour[2:4, 3, 3] = 0
    with pytest.raises(UserError, match=r"clear\.png: 2 of its pixels are transparent; flatten"):
        read_image(png(tmp_path / "clear.png", colour))


def test_palettes_black_and_white_and_jpeg_labels(tmp_path: Path) -> None:
    label = random.integers(0, 3, (7, 9)).astype(np.uint8)
    picture = Image.fromarray(label, mode="P")
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    picture.save(tmp_path / "palette.png")
    assert np.array_equal(read_label(tmp_path / "palette.png")[0], label)
    assert read_image(tmp_path / "palette.png").image.shape == (3, 7, 9)
    png(tmp_path / "bits.png", label > 0)
    assert np.array_equal(read_label(tmp_path / "bits.png")[0], label > 0)
    png(tmp_path / "grey.png", np.repeat(label[..., None], 3, 2))
    assert np.array_equal(read_label(tmp_path / "grey.png")[0], label)
    with pytest.raises(UserError, match=r"colour\.png is in colour"):
        read_label(png(tmp_path / "colour.png", np.stack([label, label, 2 - label], 2)))
    with pytest.raises(UserError, match="is a JPEG"):
        read_label(png(tmp_path / "lossy.jpg", label))


def test_tiff_pictures_stacks_and_odd_ones(tmp_path: Path) -> None:
    stack = random.integers(0, 65536, (5, 7, 9)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack")
    assert np.array_equal(read_image(tmp_path / "stack.tif").image[0], stack.transpose(2, 1, 0).astype(np.float32))
    for compression in (None, "zlib"):
        tifffile.imwrite(
            tmp_path / "colour.tif", stack.transpose(1, 2, 0)[..., :3], photometric="rgb", compression=compression
        )
        assert np.array_equal(read_image(tmp_path / "colour.tif").image, stack[:3].astype(np.float32))
    tifffile.imwrite(tmp_path / "real.tiff", stack[0] / 7)
    assert np.allclose(read_image(tmp_path / "real.tiff").image[0], stack[0] / 7)
    tifffile.imwrite(tmp_path / "film.tif", np.zeros((2, 3, 5, 6), np.uint8), imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(UserError, match=r"film\.tif: its axes are TZYX"):
        read_image(tmp_path / "film.tif")
    whole = (tmp_path / "stack.tif").read_bytes()
    (tmp_path / "stack.tif").write_bytes(whole[:-100])
    with pytest.raises(UserError, match=r"stack\.tif can't be read"):
        read_image(tmp_path / "stack.tif")


def test_numpy_files_without_pickles(tmp_path: Path) -> None:
    array = random.normal(size=(5, 6, 7)).astype(np.float32)
    for layout in (array, np.asfortranarray(array)):
        np.save(tmp_path / "a.npy", layout)
        assert np.array_equal(read_image(tmp_path / "a.npy").image[0], array)
    np.savez(tmp_path / "a.npz", image=np.stack([array, array]), label=array > 0, spacing=(1, 2, 3))
    case = read_image(tmp_path / "a.npz")
    assert (case.image.shape, case.spacing) == ((2, 5, 6, 7), (1.0, 2.0, 3.0))
    assert np.array_equal(read_label(tmp_path / "a.npz")[0], array > 0)
    np.savez(tmp_path / "a.npz", image=array[None], affine=AFFINE)
    assert np.array_equal(read_image(tmp_path / "a.npz").image[0], array[::-1])
    for bad, why in (
        (np.array([{}, None]), "plain numbers|pickle|can't be read"),
        (np.zeros((0, 4)), "no value"),
        (array[..., :3], "channels last"),
        (array[0, 0], "2 axes or a volume"),
        (array + 1j, "plain numbers"),
    ):
        np.save(tmp_path / "bad.npy", bad)
        with pytest.raises(UserError, match=why):
            read_image(tmp_path / "bad.npy")
    np.save(tmp_path / "bad.npy", array)
    whole = (tmp_path / "bad.npy").read_bytes()
    for broken in (whole[:-1], whole + b"x"):
        (tmp_path / "bad.npy").write_bytes(broken)
        with pytest.raises(UserError, match=r"bad\.npy can't be read.*its header promises 840"):
            read_image(tmp_path / "bad.npy")
    for keys, why in (
        ({"spacing": (1, 2, 3)}, "name the array"),
        ({"image": array[None], "spacing": (1, 0, 1)}, "positive"),
    ):
        np.savez(tmp_path / "bad.npz", **keys)
        with pytest.raises(UserError, match=why):
            read_image(tmp_path / "bad.npz")
