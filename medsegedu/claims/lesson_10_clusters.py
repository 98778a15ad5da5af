"""Lesson 10, without any label: do networks that teach themselves divide a slice better than k-means?

Virtual patients of many scanners, as in `lesson_10`; each contrast is brought to mean 0 and deviation 1 within the head. All
methods get the images of 24 patients and no label, and form eight clusters (Otsu: four, on T1 alone). Then each cluster is called
what most of its pixels are in *one* training patient, and eight others are tested. Kim's method has no memory: it divides the
slices of that patient and every second test slice in one go. The networks are small and train for a few seconds, where their
papers took hours. The rule was fixed after trials with the seeds 90 and 91, which are not among the measured.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.claims import claim
from medsegedu.claims.lesson_10 import SCANNERS, SURVEY
from medsegedu.data import Dataset, PatchSampler, virtual_patients
from medsegedu.inference import predict
from medsegedu.losses import soft_ncut_loss
from medsegedu.metrics import evaluate
from medsegedu.models import WNet
from medsegedu.preset import choose
from medsegedu.training import cluster

CLUSTERS = 8


def _gain_over_k_means(values: Mapping[str, float]) -> float:
    return (values["Kim 2020"] + values["W-Net"]) / 2 - values["k-means"]


@claim(
    "10.clusters",
    sentence="Unsupervised: networks that learn without any label (Kim 2020, W-Net) divide a slice better than k-means does.",
    source=SURVEY,
    unit="Dice",
    arms=("Otsu", "k-means", "Gaussian mixture", "Kim 2020", "W-Net"),
    difference=_gain_over_k_means,
    at_least=0.02,
)
def networks_cluster_better(seed: int) -> dict[str, float]:
    """Mean Dice of tissues and lesions; a class that is no cluster's counts 0."""
    from skimage.filters import threshold_multiotsu
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

    train = _normalised(virtual_patients(choose(smoke=2, quick=24, full=64), seed=11000 + seed, scanner=SCANNERS))
    test = _normalised(virtual_patients(choose(smoke=1, quick=8, full=16), seed=11500 + seed, scanner=SCANNERS))
    named = train.of(train.patients[:1])
    pixels = torch.cat([case.image.flatten(1).T for case in train])  # (pixels, 3)
    some = pixels[torch.from_numpy(np.random.default_rng(seed).choice(len(pixels), 20_000))].numpy()
    thresholds = torch.from_numpy(threshold_multiotsu(some[:, 0], 4))
    k_means = KMeans(CLUSTERS, n_init=3, random_state=seed).fit(some)
    mixture = GaussianMixture(CLUSTERS, random_state=seed).fit(some)
    w_net = _trained_w_net(train, seed)

    def pixelwise(method: KMeans | GaussianMixture, image: Tensor) -> Tensor:
        return torch.from_numpy(method.predict(image.flatten(1).T.numpy())).long().view(image.shape[1:])

    values = {}
    for name, divide in {
        "Otsu": lambda image: torch.bucketize(image[0].contiguous(), thresholds),
        "k-means": lambda image: pixelwise(k_means, image),
        "Gaussian mixture": lambda image: pixelwise(mixture, image),
        "W-Net": lambda image: predict(w_net, image),
    }.items():
        values[name] = _named_dice([divide(case.image) for case in [*named, *test]], named, test)
    fewer = test[::2]
    together = torch.stack([case.image for case in [*named, *fewer]])
    segments = cluster(
        together, min_labels=CLUSTERS, steps=choose(smoke=2, quick=60, full=500), clusters=24, seed=seed, progress=False
    )
    values["Kim 2020"] = _named_dice(list(segments), named, fewer)
    return values


def _named_dice(segments: list[Tensor], named: Dataset, test: Dataset) -> float:
    """Name each cluster on the first slices, those of `named`, then test on the others."""
    labels = torch.stack([case.label for case in named if case.label is not None])
    count, classes = max(int(one.max()) for one in segments) + 1, len(named.classes)
    pairs = torch.stack(segments[: len(named)]).flatten() * classes + labels.flatten()
    table = torch.bincount(pairs, minlength=count * classes).view(count, classes).argmax(1)  # (count,)
    answers = {case.id: table[one] for case, one in zip(test, segments[len(named) :], strict=True)}
    return evaluate(lambda case: answers[case.id], test).interval("dice").mean


def _trained_w_net(train: Dataset, seed: int) -> WNet:
    torch.manual_seed(seed)
    net, steps = WNet(len(train.contrasts), CLUSTERS, width=12, depth=2), choose(smoke=2, quick=250, full=5000)
    sampler = PatchSampler(train, 32, 8, foreground=0, seed=seed)
    optimizer = torch.optim.AdamW(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps, pct_start=0.25)
    for _ in range(steps):
        image, _ = sampler.draw()
        logits = net(image)
        loss = soft_ncut_loss(logits, image, radius=4, sigma_intensity=1) + 10 * F.mse_loss(
            net.reconstruct(logits), image
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net


def _normalised(dataset: Dataset) -> Dataset:
    """Each contrast to mean 0 and deviation 1 within the head; the air goes along."""
    cases = []
    for case in dataset:
        head = (case.image / case.image.amax((1, 2), keepdim=True)).mean(0) > 0.15  # (H, W)
        inside = case.image[:, head]  # (C, pixels)
        image = (case.image - inside.mean(1)[:, None, None]) / inside.std(1)[:, None, None]
        cases.append(replace(case, image=image))
    return replace(dataset, cases=tuple(cases))
