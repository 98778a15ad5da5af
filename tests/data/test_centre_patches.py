"""Patches around pixels: at the borders, in balance, and the same for the same seed."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from medsegedu.data import Case, CentrePatchSampler, Dataset, balanced_sample, extract_patch
from medsegedu.errors import UserError

SIZES = ((9, 13), (12, 8), (20, 6))


def dataset() -> Dataset:
    """Images of three sizes; channel 0 repeats the label, channel 1 the number of the image."""
    cases = []
    for number, (height, width) in enumerate(SIZES):
        label = torch.zeros(height, width, dtype=torch.int64)
        label[3:6, 2:5], label[number, 1] = 1, 3
        image = torch.stack([label.float(), torch.full((height, width), float(number))])
        cases.append(Case(image, label, (1.0, 1.0), f"patient {number}", f"case {number}"))
    return Dataset(cases, ("background", "organ", "absent", "lesion"), ("label", "number"))


@pytest.mark.parametrize("size", [1, 3, 9, 17])
def test_patch_is_that_of_a_mirrored_image_at_every_pixel(size: int) -> None:
    image = torch.randn(2, 9, 11)
    wanted = F.pad(image[None], (size // 2,) * 4, mode="reflect")[0].unfold(1, size, 1).unfold(2, size, 1)
    for row in range(9):
        for column in range(11):
            assert torch.equal(extract_patch(image, row, column, size), wanted[:, row, column])


def test_patch_is_a_copy() -> None:
    image = torch.zeros(1, 5, 5)
    extract_patch(image, 2, 2, 3).fill_(1)
    extract_patch(image, 2, 2, 1).fill_(1)
    assert not image.any()


@pytest.mark.parametrize(("size", "word"), [(4, "odd"), (0, "odd"), (13, "below 12")])
def test_patch_of_an_impossible_size_is_refused(size: int, word: str) -> None:
    with pytest.raises(UserError, match=word):
        extract_patch(torch.zeros(1, 6, 9), 1, 1, size)


@pytest.mark.parametrize("shape", [(40,), (8, 5), (4, 5, 2)])
def test_balanced_sample_counts_classes_in_any_number_of_axes(shape: tuple[int, ...]) -> None:
    flat = torch.zeros(40, dtype=torch.int64)
    flat[5:9], flat[30] = 2, 7
    label = flat.reshape(shape)
    drawn = balanced_sample(label, 11, np.random.default_rng(0))
    assert drawn.shape == (11, len(shape))
    assert label[tuple(drawn.T)].bincount(minlength=8).tolist() == [4, 0, 4, 0, 0, 0, 0, 3]


def test_sampler_gives_each_centre_its_own_label_and_each_class_its_share() -> None:
    patches, labels = CentrePatchSampler(dataset(), 5, batch=300).draw()
    assert patches.shape == (300, 2, 5, 5)
    assert torch.equal(patches[:, 0, 2, 2].long(), labels)
    assert labels.bincount(minlength=4).tolist() == [100, 100, 0, 100]
    assert set(patches[:, 1, 2, 2].tolist()) == {0, 1, 2}


def test_sampler_without_balance_keeps_the_shares() -> None:
    data = dataset()
    _, labels = CentrePatchSampler(data, 3, batch=4000, balanced=False).draw()
    rare = sum(int((case.label == 3).sum()) for case in data) / sum(case.label.numel() for case in data)
    assert float((labels == 3).float().mean()) == pytest.approx(rare, abs=0.01)


def test_same_seed_draws_the_same_patches() -> None:
    first, again, other = (CentrePatchSampler(dataset(), 3, batch=32, seed=seed).draw()[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_sampler_refuses_what_it_cannot_use() -> None:
    unlabelled = Case(torch.zeros(1, 9, 9), None, (1.0, 1.0), "a", "a")
    with pytest.raises(UserError, match="no label"):
        CentrePatchSampler(Dataset([unlabelled], ("background", "organ"), ("T1",)), 3)
    with pytest.raises(UserError, match="mirrored"):
        CentrePatchSampler(dataset(), 13)
