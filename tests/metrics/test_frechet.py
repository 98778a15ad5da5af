"""The Fréchet distance against scipy's matrix root, and against the closed form of one feature."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from medsegedu.errors import UserError
from medsegedu.metrics.frechet import frechet_distance


@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(12, 40), st.integers(12, 40))
@settings(max_examples=20, deadline=None)
def test_it_is_the_formula(seed: int, features: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    a = random.standard_normal((n, features)) @ random.standard_normal((features, features)) + random.standard_normal(
        features
    )
    b = 2 * random.standard_normal((m, features))
    root = sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_one_feature_is_the_distance_of_means_and_deviations() -> None:
    a, b = torch.tensor([[1.0], [2.0], [6.0]]), torch.tensor([[0.0], [8.0], [1.0], [3.0]])
    expected = (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2
    assert frechet_distance(a, b) == pytest.approx(float(expected), rel=1e-5)


def test_equal_sets_and_few_images_with_many_features() -> None:
    a = torch.randn(5, 20, dtype=torch.float64)  # covariances of low rank
    assert frechet_distance(a, a[[3, 1, 4, 0, 2]]) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a, a + 3) == pytest.approx(9 * 20, rel=1e-6)


def test_tables_that_cannot_be_compared() -> None:
    for first, second in (((4, 3), (4, 2)), ((1, 3), (4, 3)), ((4, 3, 2), (4, 3))):
        with pytest.raises(UserError, match="equal F"):
            frechet_distance(torch.zeros(first), torch.zeros(second))
