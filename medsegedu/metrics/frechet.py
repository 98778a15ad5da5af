"""How far two sets of images lie apart, seen through the features of a network.

M. Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", NeurIPS 2017, call this
distance of Gaussians the FID when the features are Inception's. Here they are any.
"""

import numpy as np
from torch import Tensor

from medsegedu.errors import UserError


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Features (N, F) and (M, F) -> |mean - mean|^2 + tr(A + B - 2 (A B)^(1/2)), A and B their covariances.

    0 for equal sets. It grows as the sets shrink, so compare sets of equal sizes only.

    Raises:
        UserError: other features in the two, or fewer than two images in one of them.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise UserError(
            f"The features are {tuple(first.shape)} and {tuple(second.shape)}; give two tables (N, F) with equal F and N >= 2."
        )
    a, b = (features.detach().cpu().double().numpy() for features in (first, second))
    covariance_a, covariance_b = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (a, b))
    # A B has the eigenvalues of the symmetric B^(1/2) A B^(1/2): real and not negative.
    values, vectors = np.linalg.eigh(covariance_b)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ covariance_a @ root).clip(min=0)).sum()
    apart = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return float(max(apart + np.trace(covariance_a) + np.trace(covariance_b) - 2 * shared, 0.0))
