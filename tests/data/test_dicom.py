"""DICOM series: the right order, place and unit, as SimpleITK reads them; whatever would be read wrongly is refused."""

from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest
from pydicom.uid import JPEGLosslessSV1
from written import dicom_bytes, dicom_slice, series, volume

from medsegedu.data import read_image
from medsegedu.data.dicom import read_dicom_pixels
from medsegedu.data.grid import Grid
from medsegedu.errors import UserError

ORIENTATIONS = {
    "axial": [1, 0, 0, 0, 1, 0],
    "coronal": [1, 0, 0, 0, 0, -1],
    "sagittal": [0, 1, 0, 0, 0, -1],
    "feet first": [-1, 0, 0, 0, 1, 0],
    "oblique": [0.96, 0.28, 0, -0.28 * 0.8, 0.96 * 0.8, -0.6],
}


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_series_lies_where_simpleitk_puts_it(tmp_path: Path, name: str) -> None:
    sitk = pytest.importorskip("SimpleITK")
    series(tmp_path, ImageOrientationPatient=ORIENTATIONS[name])
    case = read_image(tmp_path)
    oracle = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path)))
    values = sitk.GetArrayFromImage(oracle).transpose(2, 1, 0)  # (X, Y, Z) of the file
    assert Grid.of(case).orientation == "RAS"
    for index in np.ndindex(values.shape):
        world = np.array(oracle.TransformIndexToPhysicalPoint([int(i) for i in index])) * [-1, -1, 1]  # LPS -> RAS
        own = np.linalg.solve(case.affine, [*world, 1])[:3]
        assert np.abs(own - np.round(own)).max() < 1e-3
        assert case.image[0][tuple(np.round(own).astype(int))] == values[index]


def test_slices_are_ordered_by_position_and_rescaled(tmp_path: Path) -> None:
    stack = volume((4, 5, 6))
    case = read_image(series(tmp_path, stack))
    expected = (stack * 2.0 - 1000).transpose(2, 1, 0)[::-1, ::-1]  # (X, Y, Z), x and y from LPS to RAS
    assert np.array_equal(case.image[0], expected)
    assert case.spacing == (0.6, 0.8, 2.5)  # a column's width, a row's height, the slices' distance
    assert case.id == tmp_path.name


def test_slopes_of_their_own_are_for_pet_only(tmp_path: Path) -> None:
    series(tmp_path, Modality="PT")
    changed = next(tmp_path.iterdir())
    data = pydicom.dcmread(changed)
    data.RescaleSlope = 3
    data.save_as(changed)
    assert len(np.unique(np.asarray(read_image(tmp_path).image))) > 100
    series(tmp_path)
    data = pydicom.dcmread(changed)
    data.RescaleSlope = 3
    data.save_as(changed)
    with pytest.raises(UserError, match=r"it differs from .* in RescaleSlope"):
        read_image(tmp_path)


def test_two_series_in_a_folder_are_named_and_can_be_chosen(tmp_path: Path) -> None:
    series(tmp_path, name="a", SeriesDescription="T1 axial")
    series(tmp_path, volume((3, 5, 6)), name="b", SeriesDescription="scout")
    with pytest.raises(UserError, match=r"2 series: T1 axial \(4 files, [\d.]+\); scout \(3 files, [\d.]+\)"):
        read_image(tmp_path)
    assert read_image(tmp_path, series="scout").image.shape == (1, 6, 5, 3)
    with pytest.raises(UserError, match="0 series 'T2'"):
        read_image(tmp_path, series="T2")


def test_a_missing_slice_a_doubled_one_and_a_crooked_stack_are_refused(tmp_path: Path) -> None:
    series(tmp_path / "missing", volume((6, 5, 6)))
    (tmp_path / "missing" / "s004.dcm").unlink()
    with pytest.raises(
        UserError, match=r"between s005\.dcm and s003\.dcm lie 5\.00 mm, elsewhere 2\.50: 1 slice is missing"
    ):
        read_image(tmp_path / "missing")
    series(tmp_path / "double")
    (tmp_path / "double" / "copy.dcm").write_bytes((tmp_path / "double" / "s002.dcm").read_bytes())
    with pytest.raises(UserError, match=r"copy\.dcm and s002\.dcm lie in the same place"):
        read_image(tmp_path / "double")
    series(tmp_path / "crooked")
    data = pydicom.dcmread(tmp_path / "crooked" / "s002.dcm")
    data.ImagePositionPatient[0] = 5
    data.save_as(tmp_path / "crooked" / "s002.dcm")
    with pytest.raises(UserError, match="straight line"):
        read_image(tmp_path / "crooked")


def test_a_tilted_gantry_keeps_every_slice_in_its_place(tmp_path: Path) -> None:
    for i, pixels in enumerate(volume((4, 5, 6))):
        data = dicom_slice(pixels, np.array([0, 0.7 * i, 2.0 * i]), "1.2.3", i + 1)
        (tmp_path / f"{i}").write_bytes(dicom_bytes(data))  # names without an ending
    pixels = read_dicom_pixels(tmp_path)
    assert "sheared" in pixels.notes[0]
    last = pixels.grid.affine @ [pixels.grid.shape[0] - 1, pixels.grid.shape[1] - 1, 3, 1]
    assert last[:3] == pytest.approx([0, -0.7 * 3, 6])  # the last slice's first pixel, in RAS


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"ImageOrientationPatient": None}, "lack a position"),
        ({"PixelSpacing": [0, 0.6]}, "must be positive"),
        ({"RescaleSlope": 0}, "make no sense"),
        ({"PhotometricInterpretation": "RGB"}, "in colour"),
        ({"NumberOfFrames": 4}, "several frames"),
        ({"Rows": 50}, "promises 600"),
        ({"Rows": 4}, "promises 48"),
        ({"ImagePositionPatient": ["nan", "0", "0"]}, "not a number"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_headers_that_make_no_sense_are_refused(tmp_path: Path, tags, why) -> None:
    if "ImageOrientationPatient" in tags:
        series(tmp_path)
        for file in tmp_path.iterdir():
            data = pydicom.dcmread(file)
            del data.ImageOrientationPatient
            data.save_as(file)
    else:
        series(tmp_path, **tags)
    with pytest.raises(UserError, match=why):
        read_image(tmp_path)


def test_one_slice_is_a_picture(tmp_path: Path) -> None:
    series(tmp_path, volume((1, 5, 6)))
    for path in (tmp_path, tmp_path / "s001.dcm"):
        case = read_image(path)
        assert (case.image.shape, case.spacing, case.affine) == ((1, 5, 6), (0.8, 0.6), None)


def test_compressed_without_a_codec_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dicom_slice(volume((5, 6)), np.zeros(3), "1.2.3")
    data.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    data.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 not really \xff\xd9 "])
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom_bytes(data))
    with pytest.raises(UserError, match=r"a\.dcm is compressed \(JPEG Lossless.*pip install pylibjpeg"):
        read_image(path)


def test_folders_without_dicom_and_files_cut_short_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no DICOM file"):
        read_image(tmp_path)
    series(tmp_path)
    whole = (tmp_path / "s002.dcm").read_bytes()
    for length in (0, 100, 140, 400, len(whole) // 2, len(whole) - 4):
        (tmp_path / "s002.dcm").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"s002\.dcm"):
            read_image(tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("added", [1, 2, 6, 40])
def test_bytes_that_slipped_into_the_pixels_are_noticed(tmp_path: Path, added: int) -> None:
    series(tmp_path)
    file = tmp_path / "s002.dcm"
    whole = file.read_bytes()
    for place in (len(whole) - 30, len(whole)):
        file.write_bytes(whole[:place] + bytes(range(added)) + whole[place:])
        with pytest.raises(UserError, match=r"s002\.dcm"):
            read_image(tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_file_that_pydicom_tests_itself_with_is_read_or_refused() -> None:
    read, refused = 0, []
    for path in sorted((Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm")):
        try:
            assert read_image(path).image.ndim == 3
            read += 1
        except UserError as error:
            refused.append((path.name, str(error)))
    assert read > 5
    assert len(refused) > 5
    assert all(name in sentence for name, sentence in refused)
