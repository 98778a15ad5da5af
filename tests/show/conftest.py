"""Small made-up cases: nothing here waits for real anatomy."""

import numpy as np
import pytest
import torch

from medsegedu.data import Case


def make(dims: int) -> Case:
    shape = (40, 32) if dims == 2 else (24, 30, 20)
    random = np.random.default_rng(dims)
    label = np.zeros(shape, dtype=np.int64)
    centre = np.array(shape) / 2
    distance = np.sqrt(sum((axis - middle) ** 2 for axis, middle in zip(np.indices(shape), centre, strict=True)))
    for index, radius in enumerate((0.45, 0.4, 0.3), start=1):
        label[distance < radius * min(shape)] = index
    label[tuple(slice(int(c), int(c) + 4) for c in centre)] = 4
    means = np.array([[0, 0.15, 0.55, 0.85, 0.45], [0, 0.95, 0.6, 0.4, 0.9], [0, 0.08, 0.62, 0.5, 0.98]])
    image = means[:, label] + 0.03 * random.standard_normal((3, *shape))
    return Case(torch.tensor(image, dtype=torch.float32), torch.tensor(label), (2.0,) * dims, "p0", f"p0-{dims}")


@pytest.fixture(params=[2, 3], ids=["2D", "3D"])
def case(request: pytest.FixtureRequest) -> Case:
    return make(request.param)


@pytest.fixture
def flat() -> Case:
    return make(2)


@pytest.fixture
def volume() -> Case:
    return make(3)
