"""Patches are pieces of the images, fair to rare classes, and the same for the same seed."""

import pytest
import torch

from medsegedu.data import Case, Dataset, PatchSampler
from medsegedu.errors import UserError


def coordinates(shape: tuple[int, ...], patient: int, rare: tuple[int, ...]) -> Case:
    """An image that holds each pixel's own coordinates, and one rare pixel of class 1."""
    grid = torch.stack(torch.meshgrid(*[torch.arange(n) for n in shape], indexing="ij")).float()
    label = torch.zeros(shape, dtype=torch.int64)
    label[rare] = 1
    image = torch.cat([grid, torch.full((1, *shape), float(patient))])
    return Case(image, label, (1.0,) * len(shape), f"p{patient}", f"p{patient}")


@pytest.mark.parametrize(
    ("shapes", "size"), [(((31, 40), (50, 23)), (16, 9)), (((14, 20, 17), (11, 13, 19)), (8, 9, 10))]
)
def test_a_patch_is_a_piece_of_one_image_and_its_own_label(shapes: tuple, size: tuple) -> None:
    cases = [coordinates(shape, i, tuple(n // 3 for n in shape)) for i, shape in enumerate(shapes)]
    data = Dataset(cases, ("background", "rare"), (*"xyz"[: len(size)], "who"))
    image, label = PatchSampler(data, size, 64, seed=1).draw()
    assert image.shape == (64, len(size) + 1, *size)
    assert label.shape == (64, *size)
    for patch, drawn in zip(image, label, strict=True):
        who = cases[int(patch[-1].flatten()[0])]
        start = [int(axis.min()) for axis in patch[:-1]]
        window = tuple(slice(s, s + n) for s, n in zip(start, size, strict=True))
        assert torch.equal(who.image[:, *window], patch)
        assert torch.equal(who.label[window], drawn)
    assert len({int(p[-1].flatten()[0]) for p in image}) == 2


def test_rare_pixels_are_in_the_asked_share_of_patches() -> None:
    data = Dataset([coordinates((200, 200), 0, (77, 120))], ("background", "rare"), ("x", "y", "who"))
    for share in (0.0, 0.5, 1.0):
        sampler = PatchSampler(data, 20, 400, foreground=share, seed=0)
        hit = float((sampler.draw()[1].amax((1, 2)) == 1).float().mean())
        assert hit == pytest.approx(share, abs=0.09)


def test_targets_are_not_always_in_the_middle() -> None:
    data = Dataset([coordinates((200, 200), 0, (77, 120))], ("background", "rare"), ("x", "y", "who"))
    _, label = PatchSampler(data, 21, 200, foreground=1.0, seed=0).draw()
    places = (label == 1).nonzero()[:, 1]
    assert int(places.min()) < 7
    assert int(places.max()) > 13


def test_seeds() -> None:
    data = Dataset([coordinates((60, 60), 0, (7, 12))], ("background", "rare"), ("x", "y", "who"))
    one, same, other = (PatchSampler(data, 16, 8, seed=s).draw()[0] for s in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_small_images_are_padded_with_zeros() -> None:
    data = Dataset([coordinates((10, 40), 3, (7, 12))], ("background", "rare"), ("x", "y", "who"))
    image, label = PatchSampler(data, 32, 8, seed=0).draw()
    assert bool((image[:, 2, :10] == 3).all())
    assert bool((image[:, :, 10:] == 0).all())
    assert bool((label[:, 10:] == 0).all())


def test_an_unlabelled_case_is_named() -> None:
    case = Case(torch.rand(1, 9, 9), None, (1.0, 1.0), "p", "scan-3")
    with pytest.raises(UserError, match="scan-3 has no label"):
        PatchSampler(Dataset([case], ("background",), ("T1",)), 4)
