"""Clustering by a network that believes itself: segment one image, with no label and no training set.

W. Kim, A. Kanezaki, M. Tanaka, "Unsupervised Learning of Image Segmentation Based on Differentiable Feature Clustering", IEEE TIP
2020. A small network gives each pixel a response to each of 100 clusters. Its own strongest response is the label that it is then
trained towards (similar pixels come together), while neighbouring pixels are asked for the same response (segments become
smooth). Clusters die out one by one, and the loop stops when few are left.

The last layer's batch normalisation is what keeps the clusters alive: it gives each one the same mean and spread over this very
image. So the network stays in training mode while it assigns; `eval()` would put running averages in their place, and the labels
would no longer be those that it was trained on.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from medsegedu.errors import UserError
from medsegedu.layers import conv, norm_layer


class ClusteringNet(nn.Sequential):
    """Images (N, in_channels, *spatial) -> responses (N, clusters, *spatial).

    Args:
        clusters: channels of every layer, the paper's 100.
        depth: 3x3 convolutions, each with ReLU and normalisation, before the 1x1 convolution; the paper's 2.
    """

    def __init__(self, in_channels: int, *, clusters: int = 100, depth: int = 2, dims: int = 2) -> None:
        layers: list[nn.Module] = []
        for channels in [in_channels] + [clusters] * (depth - 1):
            layers += [
                conv(dims)(channels, clusters, 3, padding=1),
                nn.ReLU(inplace=True),
                norm_layer("batch", clusters, dims),
            ]
        super().__init__(*layers, conv(dims)(clusters, clusters, 1), norm_layer("batch", clusters, dims))


def clustering_loss(response: Tensor, *, continuity: float = 1.0) -> Tensor:
    """Cross-entropy to the strongest response, plus `continuity` times the step between neighbours, summed over the axes.

    Args:
        response: (N, clusters, *spatial). The label is its own argmax, which passes no gradient.
        continuity: weight of the mean absolute difference along each axis; an axis of one pixel has none.
    """
    loss = F.cross_entropy(response, response.argmax(1))
    for axis in range(2, response.ndim):
        if response.shape[axis] > 1:
            loss = loss + continuity * response.diff(dim=axis).abs().mean()
    return loss


def cluster(
    image: Tensor,
    *,
    min_labels: int = 3,
    steps: int = 200,
    clusters: int = 100,
    depth: int = 2,
    continuity: float = 5.0,
    rate: float = 0.1,
    seed: int = 0,
    progress: bool = True,
) -> Tensor:
    """Segment an image by itself: (N, C, *spatial) -> integers (N, *spatial), 0 to the number of segments - 1.

    The images of a batch share their clusters. The same seed gives the same label on the same machine, and the global random
    state is left as it was.

    Args:
        min_labels: stop as soon as this many segments, or fewer, are left.
        steps: stop after so many steps at the latest; the paper's code allows 1000.
        clusters, depth: see `ClusteringNet`.
        continuity: see `clustering_loss`; larger gives fewer and smoother segments. The paper's code starts from 1, which leaves
            small images in many pieces.
        rate: of stochastic gradient descent with momentum 0.9.
        progress: show a bar with the segments that are left.
    """
    if image.ndim not in (4, 5) or not image.is_floating_point():
        raise UserError(f"image is {image.dtype} of shape {tuple(image.shape)}; give floating point (N, C, *spatial).")
    if min_labels < 1 or clusters < min_labels:
        raise UserError(f"min_labels is {min_labels} and clusters {clusters}; give 1 <= min_labels <= clusters.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net: Any = ClusteringNet(image.shape[1], clusters=clusters, depth=depth, dims=image.ndim - 2)
    net = net.to(image.device, image.dtype).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)

    bar = tqdm(range(steps), desc="clustering", disable=not progress)
    for _ in bar:
        response = net(image)  # (N, clusters, *spatial)
        left = len(response.argmax(1).unique())
        bar.set_postfix(segments=left, refresh=False)
        if left <= min_labels:
            break
        loss = clustering_loss(response, continuity=continuity)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    else:
        with torch.no_grad():
            response = net(image)
    bar.close()
    return response.argmax(1).unique(return_inverse=True)[1]  # (N, *spatial): numbered from 0 without gaps
