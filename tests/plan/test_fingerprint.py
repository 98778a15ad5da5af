"""The fingerprint against the same numbers counted the long way, with everything in memory at once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from plan_data import random_dataset

from medsegedu.data import Case, Dataset, Grid
from medsegedu.errors import UserError
from medsegedu.plan import Spread, fingerprint, pooled


def percentiles(values: Any) -> Spread:
    ordered = np.sort(np.asarray(values, float))

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return float(ordered[low] + (place - low) * (ordered[high] - ordered[low]))

    return Spread(at(0.5), at(0.1), at(0.9))


def close(found: Spread, wanted: Spread) -> bool:
    return np.allclose((found.median, found.low, found.high), (wanted.median, wanted.low, wanted.high), rtol=1e-6)


def flooded(mask: np.ndarray) -> Iterator[np.ndarray]:
    """The voxels of each connected object, found by walking from neighbour to neighbour, corners too."""
    left = set(map(tuple, np.argwhere(mask)))
    steps = [np.array(s) - 1 for s in np.ndindex((3,) * mask.ndim)]
    while left:
        object_, edge = [], [left.pop()]
        while edge:
            voxel = edge.pop()
            object_.append(voxel)
            for step in steps:
                neighbour = tuple(int(n) for n in np.array(voxel) + step)
                if neighbour in left:
                    left.remove(neighbour)
                    edge.append(neighbour)
        yield np.array(object_)


@pytest.mark.parametrize(("seed", "dims", "contrasts", "classes"), [(0, 3, 2, 3), (1, 2, 1, 4), (2, 3, 1, 2)])
def test_every_number_is_that_of_brute_force(seed: int, dims: int, contrasts: int, classes: int) -> None:
    data = random_dataset(seed, dims=dims, contrasts=contrasts, classes=classes)
    found = fingerprint(data)
    assert (found.dims, found.cases, found.labelled, found.patients) == (dims, 7, 7, 4)
    assert (found.contrasts, found.classes, found.name) == (data.contrasts, data.classes, "random")
    grids = [Grid.of(case).canonical() for case in data]
    for axis in range(dims):
        sizes, spacings = [g.shape[axis] for g in grids], [g.spacing[axis] for g in grids]
        assert close(found.size[axis], percentiles(sizes))
        assert close(found.spacing[axis], percentiles(spacings))
        assert close(found.extent[axis], percentiles(np.array(sizes) * spacings))
    assert found.voxels == sum(case.image[0].numel() for case in data)
    for c in range(contrasts):
        values = np.sort(np.concatenate([case.image[c][case.label > 0].double().numpy() for case in data]))
        measured = found.intensities[c]
        assert measured.mean == pytest.approx(values.mean(), rel=1e-9)
        assert measured.std == pytest.approx(values.std(), rel=1e-9)
        n = len(values)
        assert measured.low == values[int(np.ceil(0.005 * n)) - 1]
        assert measured.high == values[int(np.ceil(0.995 * n)) - 1]
    for c in range(1, classes):
        counted = found.drawn[c - 1]
        holders = [case for case in data if (case.label == c).any()]
        assert (counted.name, counted.cases) == (data.classes[c], len(holders))
        assert counted.patients == len({case.patient for case in holders})
        assert counted.share == pytest.approx(sum(int((case.label == c).sum()) for case in data) / found.voxels)
        volumes, lengths = [], []
        for case in data:
            for voxels in flooded(case.label.numpy() == c):
                volumes.append(len(voxels) * np.prod(case.spacing))
                lengths.append(((voxels.max(0) - voxels.min(0) + 1) * case.spacing).max())
        assert counted.objects == len(volumes)
        assert close(counted.volume, percentiles(volumes))
        assert close(counted.length, percentiles(lengths))
        assert counted.smallest == pytest.approx(min(volumes))
    assert found.smallest == pytest.approx(min(c.smallest for c in found.drawn))
    medians = [s.median for s in found.spacing]
    assert found.anisotropy == pytest.approx(max(medians) / min(medians))


def test_axes_are_those_of_the_network(tmp_path: Any) -> None:
    """A file whose axes are stored in another order has the same fingerprint."""
    case = random_dataset(3)[0]
    turned = Case(
        case.image.permute(0, 3, 1, 2).contiguous(), case.label.permute(2, 0, 1).contiguous(),
        tuple(np.array(case.spacing)[[2, 0, 1]]), case.patient, case.id, case.affine[:, [2, 0, 1, 3]],
    )  # fmt: skip
    names = (("background", "organ", "lesion"), ("MR0", "MR1"))
    one, other = (fingerprint(Dataset([c], *names)) for c in (case, turned))
    for name in ("spacing", "size", "extent"):
        assert all(close(a, b) for a, b in zip(getattr(one, name), getattr(other, name), strict=True))
    for a, b in zip(one.drawn, other.drawn, strict=True):
        assert close(a.volume, b.volume)
        assert close(a.length, b.length)


def test_a_sample_of_many_voxels_says_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random_dataset(4, contrasts=1)
    exact = fingerprint(data).intensities[0]
    monkeypatch.setattr(pooled, "KEPT", 200)
    sampled = fingerprint(data).intensities[0]
    assert (sampled.mean, sampled.std) == (exact.mean, exact.std)
    values = np.concatenate([case.image[0][case.label > 0].numpy() for case in data])
    assert sampled != exact
    assert (values <= sampled.low).mean() < 0.02
    assert (values >= sampled.high).mean() < 0.02


def test_a_voxel_weighs_the_same_in_a_small_and_in_a_large_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooled, "KEPT", 100)
    pool = pooled.Pool(1)
    pool.add(np.full((1, 100), 5.0, np.float32), np.ones(100, bool))
    pool.add(np.full((1, 20_000), 1.0, np.float32), np.ones(20_000, bool))  # 0.5 % of the voxels are 5
    assert pool.intensities()[0].high == 1.0


def test_ct_numbers_far_from_zero_keep_their_deviation() -> None:
    pool = pooled.Pool(1)
    random = np.random.default_rng(0)
    parts = [(1e6 + random.normal(0, 0.5, (1, 50 + i))).astype(np.float32) for i in range(40)]
    for part in parts:
        pool.add(part, np.ones(part.shape[1], bool))
    whole = np.concatenate(parts, 1).astype(np.float64)
    assert pool.intensities()[0].std == pytest.approx(whole.std(), rel=1e-9)
    assert pool.intensities()[0].mean == pytest.approx(whole.mean(), rel=1e-12)


class Passing(Sequence):  # type: ignore[type-arg]
    """Cases that are made when they are asked for, and counted."""

    def __init__(self, cases: list[Case]) -> None:
        self.cases, self.asked = cases, 0

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, i: Any) -> Any:
        self.asked += 1
        return replace(self.cases[i])


def test_each_case_is_looked_at_once() -> None:
    data = random_dataset(5)
    passing = Passing(list(data.cases))
    lazy = replace(data, cases=passing)
    before = passing.asked
    assert fingerprint(lazy) == fingerprint(data)
    assert passing.asked - before == len(data) + 1  # and the question that ends the loop


def test_what_cannot_be_learnt_from_is_said() -> None:
    data = random_dataset(6)
    bare = replace(data, cases=[replace(case, label=None) for case in data])
    with pytest.raises(UserError, match="No case of random has a label"):
        fingerprint(bare)
    blank = replace(data, cases=[replace(case, label=torch.zeros_like(case.label)) for case in data])
    with pytest.raises(UserError, match="nothing but background"):
        fingerprint(blank)
    flat = replace(data, cases=[data[0], random_dataset(7, 1, dims=2)[0]])
    with pytest.raises(UserError, match="Case c0 has 2 axes, others have 3"):
        fingerprint(flat)


def test_partly_labelled_one_case_and_an_empty_class() -> None:
    data = random_dataset(8)
    some = replace(data, cases=[data[0], *(replace(case, label=None) for case in data[1:])])
    found = fingerprint(some)
    assert (found.cases, found.labelled) == (7, 1)
    alone = fingerprint(data[:1])
    assert (alone.cases, alone.drawn) == (1, found.drawn)
    assert alone.intensities == found.intensities
    empty = fingerprint(Dataset(data.cases, (*data.classes, "stone"), data.contrasts)).drawn[-1]
    assert (empty.name, empty.cases, empty.objects, empty.share, empty.smallest) == ("stone", 0, 0, 0, 0)


def test_tables_show_it() -> None:
    found = fingerprint(random_dataset(9))
    for text in (str(found), found._repr_html_()):
        for word in ("7 of 4 patients", "spacing mm", "lesion", "organ", "MR1", "mm^3"):
            assert word in text
