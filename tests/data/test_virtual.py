"""Virtual patients: deterministic, exact, and shaped as asked."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from medsegedu.data import CLASSES, Lesions, Scanner, ruler, virtual_patients
from medsegedu.data.fields import smooth_field
from medsegedu.data.virtual import INTENSITY
from medsegedu.errors import UserError


def test_a_patient_is_the_same_each_time_and_differs_from_others() -> None:
    first, again, other = virtual_patients(2, seed=3), virtual_patients(2, seed=3), virtual_patients(2, seed=4)
    assert all(
        torch.equal(a.image, b.image) and torch.equal(a.label, b.label) for a, b in zip(first, again, strict=True)
    )
    assert not torch.equal(first[0].image, other[0].image)
    assert not torch.equal(first[0].image, first[8].image)


def test_the_cache_returns_what_was_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stored = virtual_patients(1, seed=5)
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path / "other"))
    made = virtual_patients(1, seed=5)
    assert all(torch.equal(a.image, b.image) for a, b in zip(stored, made, strict=True))
    (file,) = (tmp_path / "other" / "virtual").iterdir()
    file.write_bytes(file.read_bytes()[:1000])  # a broken file is made anew, not read
    assert torch.equal(virtual_patients(1, seed=5)[0].image, made[0].image)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_does_not_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path / "cache"))
    assert len(virtual_patients(1)) == 8


def test_slices_are_the_volume_s_own() -> None:
    volume, slices = virtual_patients(1, seed=6, dims=3)[0], virtual_patients(1, seed=6, dims=2)
    for case in slices:
        z = int(case.id[-3:])
        assert torch.allclose(volume.image[..., z].transpose(1, 2).flip(1), case.image, atol=1e-4)
        assert torch.equal(volume.label[..., z].T.flip(0), case.label)


def test_shapes_spacing_and_affine() -> None:
    volume = virtual_patients(1, dims=3)[0]
    assert volume.image.shape == (3, 99, 117, 95)
    assert volume.spacing == (2.0, 2.0, 2.0)
    assert np.allclose(np.diag(volume.affine), [2, 2, 2, 1])
    thick = virtual_patients(1, dims=3, spacing=(2.0, 2.0, 6.0))[0]
    assert thick.image.shape == (3, 99, 117, 32)
    assert virtual_patients(1, dims=2)[0].image.shape == (3, 117, 99)


def test_lesions_are_bright_in_flair_and_dark_in_t1_and_lie_in_white_matter() -> None:
    data = virtual_patients(4, seed=7, lesions=Lesions(diameter=(10.0, 16.0)))
    image = torch.stack([c.image for c in data]).transpose(0, 1)
    label = torch.stack([c.label for c in data])
    t1, t2, flair = ({k: float(channel[label == k].median()) for k in range(1, 5)} for channel in image)
    assert t1[1] < t1[4] < t1[3]
    assert t2[4] > t2[2] > t2[3]
    assert flair[4] > flair[2] > flair[1]
    around = torch.from_numpy(ndimage.binary_dilation((label == 4).numpy(), np.ones((1, 3, 3)))) & (label != 4)
    assert float((label[around] == 3).float().mean()) > 0.6


def test_without_lesions_there_are_none_and_contrast_zero_hides_them() -> None:
    assert not any((c.label == 4).any() for c in virtual_patients(2, lesions=None))
    hidden = virtual_patients(3, lesions=Lesions(contrast=0.0), scanner=Scanner(noise=0.0, bias=0.0, jitter=0.0))
    flair = torch.stack([c.image[2] for c in hidden])
    label = torch.stack([c.label for c in hidden])
    assert abs(float(flair[label == 4].median()) - INTENSITY["FLAIR"][2]) < 0.03


def test_lesion_diameters_are_as_asked() -> None:
    case = virtual_patients(
        1, dims=3, lesions=Lesions(count=(6, 6), diameter=(12.0, 12.0), roughness=0.0), spacing=1.0
    )[0]
    parts, count = ndimage.label(case.label.numpy() == 4)
    volumes = ndimage.sum_labels(parts > 0, parts, range(1, count + 1))
    ball = 4 / 3 * np.pi * 6**3
    assert 1 <= count <= 6
    # The deformation stretches a little and the fluid cuts some off; two may touch.
    assert 0.5 * ball < np.median(volumes) < 1.6 * ball


def test_noise_is_rician() -> None:
    scanner = Scanner(noise=0.05)
    air = torch.cat([c.image[:, c.label == 0].flatten() for c in virtual_patients(2, lesions=None, scanner=scanner)])
    # Outside the head the signal is 0, so the magnitude follows Rayleigh's law: mean sigma * sqrt(pi / 2).
    assert float(air.median()) == pytest.approx(0.05 * np.sqrt(2 * np.log(2)), rel=0.05)


def test_another_scanner_shifts_intensities_but_not_the_truth() -> None:
    a, b = virtual_patients(1, scanner=Scanner()), virtual_patients(1, scanner=Scanner(gamma=1.8))
    assert torch.equal(a[3].label, b[3].label)
    assert float((a[3].image - b[3].image).abs().mean()) > 0.02


def test_the_ruler_is_nobody_s_training_set() -> None:
    measured = ruler()
    assert len(measured.patients) == 16
    assert not set(measured.patients) & set(virtual_patients(4, seed=0).patients)
    assert measured.classes == CLASSES


def test_a_contrast_alone_is_the_same_image() -> None:
    both, flair = virtual_patients(1, seed=2), virtual_patients(1, seed=2, contrasts=("FLAIR",))
    assert flair.contrasts == ("FLAIR",)
    assert torch.equal(both[0].label, flair[0].label)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"contrasts": ("T1", "CT")}, "'CT'"),
        ({"n": 0}, "here 0"),
        ({"dims": 4}, "here 4"),
        ({"spacing": 0.1}, "here 0.1"),
    ],
)
def test_nonsense_is_refused(options: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        virtual_patients(**({"n": 1} | options))


def test_a_smooth_field_is_smooth_has_unit_rms_and_planes_agree() -> None:
    random = [np.random.default_rng(0) for _ in range(2)]
    whole = smooth_field(random[0], 40, 5, (31, 37, 29))
    planes = smooth_field(random[1], 40, 5, (31, 37, 29), torch.tensor([3, 20]))
    assert torch.allclose(whole[..., [3, 20]], planes, atol=1e-5)
    assert float(whole.square().mean().sqrt()) == pytest.approx(1, abs=0.1)
    assert float(whole.diff(dim=1).square().mean().sqrt()) < 0.25  # white noise would give 1.4
